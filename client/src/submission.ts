/** Which submission a command is for. */
import * as vscode from "vscode";
import { isSubmission } from "./recognise";

export function isSubmissionDocument(document: vscode.TextDocument): boolean {
  return (
    document.uri.scheme === "file" &&
    document.languageId === "python" &&
    isSubmission(document.lineAt(0).text)
  );
}

/** The editor with the submission at hand: the active one, or the one beside the instructions that
    are being read. */
export function submissionEditor(): vscode.TextEditor | undefined {
  const active = vscode.window.activeTextEditor;
  if (active?.document.uri.scheme === "file") {
    return isSubmissionDocument(active.document) ? active : undefined;
  }
  return vscode.window.visibleTextEditors.find(({ document }) => isSubmissionDocument(document));
}
