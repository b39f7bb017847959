/** Between what VS Code has and what requests say. */
import * as vscode from "vscode";
import type { Range } from "vscode-languageclient/node";
import type { DocumentParams } from "./protocol";

/** A document as requests name it, at the version that it has now. */
export function of({ uri, version }: vscode.TextDocument): DocumentParams {
  return { textDocument: { uri: uri.toString(), version } };
}

export function rangeOf({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
