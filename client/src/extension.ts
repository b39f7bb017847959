/** The extension's start and end. Nothing runs before an exercise, a chapter or a list of them is in view. */
import * as vscode from "vscode";
import { Commands } from "./commands";
import { Debugging } from "./debugging";
import { InstructionsProvider, SCHEME } from "./instructions";
import { onDidSelectInterpreter } from "./interpreter";
import { isChapter } from "./recognise";
import { Server } from "./server";
import { Status } from "./status";
import { isSubmissionDocument, keepsExercises } from "./submission";
import { Testing } from "./testing";
import { showCourses } from "./tree";

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Blankcheck", { log: true });
  const running = (server = new Server(context, log));
  const status = new Status();
  const instructions = new InstructionsProvider(running);
  const debugging = new Debugging(running);
  const restart = () => {
    if (running.wanted) void quietly(running.restart());
  };
  // The learner has been told by the server object; the log has the rest.
  const quietly = (work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      log.error(String(error));
    });
  const notice = (document: vscode.TextDocument) => {
    if (!running.started && concernsUs(document)) void quietly(running.start());
  };
  context.subscriptions.push(
    log,
    status,
    debugging.register(),
    new Testing(running, status, debugging),
    new Commands(running, status, instructions, debugging).register(),
    showCourses(running),
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, instructions),
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (editor) void quietly(instructions.follow(editor));
    }),
    vscode.workspace.onDidOpenTextDocument(notice),
    vscode.workspace.onDidGrantWorkspaceTrust(() => quietly(running.trust())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("blankcheck.interpreter")) restart();
      else if (event.affectsConfiguration("blankcheck")) void quietly(running.configure());
    }),
  );
  vscode.workspace.textDocuments.forEach(notice);
  void quietly(welcome(context));
  void quietly(onDidSelectInterpreter(context, restart));
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

/** Shows the courses once in a workspace that is for exercises. */
async function welcome(context: vscode.ExtensionContext): Promise<void> {
  if (context.workspaceState.get("welcomed") || !(await keepsExercises())) return;
  await context.workspaceState.update("welcomed", true);
  await vscode.commands.executeCommand("blankcheck.courses.focus");
}

function concernsUs(document: vscode.TextDocument): boolean {
  if (document.uri.scheme !== "file") return false;
  if (document.languageId === "markdown") return isChapter(document.getText());
  return isSubmissionDocument(document);
}
