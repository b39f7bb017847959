/** Which submission a command is for, and whether there are any. */
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

/** Whether exercises are kept in the workspace. */
export async function keepsExercises(): Promise<boolean> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!folder) return false;
  return vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, "blankcheck")).then(
    () => true,
    () => false,
  );
}
