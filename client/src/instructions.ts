/** An exercise's instructions as a Markdown document of our own scheme, shown by VS Code's preview. */
import * as vscode from "vscode";
import { Instruct, TakeHint, type ExerciseParams } from "./protocol";
import type { Server } from "./server";

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
      const textDocument = { uri: subject };
      const { markdown } = await this.server.request(Instruct, { textDocument });
      const hint = await this.server.request(TakeHint, { textDocument });
      // Above all else, since it was asked for a moment ago.
      return hint.taken && hint.markdown
        ? `${quoted(`**Hint.** ${hint.markdown}`)}\n\n${markdown}`
        : markdown;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Shows instructions beside the code, in the preview that is there already if there is one. */
  async show(title: string, subject: vscode.Uri | ExerciseParams): Promise<void> {
    const name = subject instanceof vscode.Uri ? subject.toString() : subject;
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${title.replaceAll("/", "-")}.md`,
      query: JSON.stringify(name),
    });
    this.changed.fire(uri);
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  }
}

function quoted(markdown: string): string {
  return markdown.trim().replace(/^/gm, "> ");
}
