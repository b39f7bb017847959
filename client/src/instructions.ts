/** An exercise's instructions as a Markdown document of our own scheme, shown by VS Code's preview. */
import * as vscode from "vscode";
import { of } from "./convert";
import { words } from "./explain";
import { Instruct, TakeHint, type ExerciseParams } from "./protocol";
import type { Server } from "./server";
import { isSubmissionDocument } from "./submission";

export const SCHEME = "blankcheck";

export class InstructionsProvider implements vscode.TextDocumentContentProvider {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {}

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    try {
      const subject = JSON.parse(uri.query) as string | ExerciseParams;
      if (typeof subject !== "string") {
        return (await this.server.request(Instruct, subject)).markdown;
      }
      // The preview may be back before its exercise, as after a reload of the window.
      await vscode.workspace.openTextDocument(vscode.Uri.parse(subject));
      const textDocument = { uri: subject };
      const { markdown } = await this.server.request(Instruct, { textDocument });
      const hint = await this.server.request(TakeHint, { textDocument });
      // Above all else, since it was asked for a moment ago.
      return hint.taken && hint.markdown
        ? `${quoted(`**Hint**\n\n${hint.markdown}`)}\n\n${markdown}`
        : markdown;
    } catch (error) {
      return words(error);
    }
  }

  /** Shows instructions in the Markdown preview: beside the code, which keeps the focus, or where
      the learner is if there is no code. */
  async show(
    title: string,
    subject: vscode.Uri | ExerciseParams,
    beside?: vscode.TextEditor,
  ): Promise<void> {
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${title.replaceAll("/", "-")}.md`,
      query: JSON.stringify(subject instanceof vscode.Uri ? subject.toString() : subject),
    });
    this.changed.fire(uri);
    // Not `markdown.showPreviewToSide`, which takes the focus, and does so when it has loaded.
    const { Two, Three, Active } = vscode.ViewColumn;
    const next = beside?.viewColumn === Two ? Three : Two;
    const options: vscode.TextDocumentShowOptions = {
      viewColumn: beside ? next : Active,
      preserveFocus: beside !== undefined,
      preview: true,
    };
    await vscode.commands.executeCommand(
      "vscode.openWith",
      uri,
      "vscode.markdown.preview.editor",
      options,
    );
  }

  /** Where the instructions of another exercise are in view, shows those of the one that the learner
      has turned to. */
  async follow(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const shown = vscode.window.tabGroups.all
      .filter(({ viewColumn }) => viewColumn !== editor.viewColumn)
      .map(({ activeTab }) => activeTab?.input)
      .find((input) => input instanceof vscode.TabInputCustom && input.uri.scheme === SCHEME);
    if (!(shown instanceof vscode.TabInputCustom) || !isSubmissionDocument(document)) return;
    if (shown.uri.query === JSON.stringify(document.uri.toString())) return;
    const { title } = await this.server.request(Instruct, of(document));
    if (vscode.window.activeTextEditor === editor) await this.show(title, document.uri, editor);
  }
}

function quoted(markdown: string): string {
  return markdown.trim().replace(/^/gm, "> ");
}
