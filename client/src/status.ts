/** The one status bar item: what the last check of the submission in the editor came to. */
import * as vscode from "vscode";
import type { CheckResult, Contained } from "./protocol";
import { submissionEditor } from "./submission";
import { contained, headline, place, sentence, spokenStatus } from "./verdict";

interface Shown {
  text: string;
  tooltip: string;
}

const ASK: Shown = { text: "$(play) Check", tooltip: "Check this exercise" };
const BUSY = { text: "$(loading~spin) Checking…", tooltip: "The check is under way" };

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "blankcheck.verdict",
    vscode.StatusBarAlignment.Left,
    10,
  );
  private readonly shown = new Map<string, Shown>();
  private readonly listeners: vscode.Disposable[];
  /** How the server says that code is contained; unknown before anything has run. */
  private containment: Contained | undefined;

  constructor() {
    this.item.name = "Blankcheck";
    this.item.command = "blankcheck.check";
    this.listeners = [
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.show();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.show();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // A verdict is on the text that was checked, and on no other.
        if (contentChanges.length) this.forget(document);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.forget(document);
      }),
    ];
    this.show();
  }

  /** A check is under way. What is given back ends it, unless another one has begun since. */
  busy(document: vscode.TextDocument): () => void {
    const shown = { ...BUSY };
    this.set(document, shown);
    return () => {
      if (this.shown.get(document.uri.toString()) === shown) this.forget(document);
    };
  }

  verdict(document: vscode.TextDocument, result: CheckResult): void {
    const tooltip = [sentence(result), place(result)].filter(Boolean).join("\n\n");
    this.set(document, { text: headline(result), tooltip });
  }

  contained(found: Contained | undefined): void {
    this.containment = found;
    this.show();
  }

  private forget(document: vscode.TextDocument): void {
    this.shown.delete(document.uri.toString());
    this.show();
  }

  dispose(): void {
    vscode.Disposable.from(this.item, ...this.listeners).dispose();
  }

  private set(document: vscode.TextDocument, shown: Shown): void {
    this.shown.set(document.uri.toString(), shown);
    this.show();
  }

  private show(): void {
    const document = submissionEditor()?.document;
    void vscode.commands.executeCommand("setContext", "blankcheck.exerciseActive", !!document);
    const active = vscode.window.activeTextEditor?.document;
    const other = !document && active?.languageId === "python" && !vscode.debug.activeDebugSession;
    // Whoever debugs another Python file is not asked whether Blankcheck should.
    void vscode.commands.executeCommand("setContext", "blankcheck.otherPython", other);
    if (!document) {
      this.item.hide();
      return;
    }
    const { text, tooltip } = this.shown.get(document.uri.toString()) ?? ASK;
    this.item.text = text;
    const command = elsewhere();
    const where = command && `Exercises run through ${command}`;
    const more = [where, this.containment && contained(this.containment)].filter(Boolean);
    this.item.tooltip = [tooltip, ...more].join("\n\n");
    this.item.accessibilityInformation = { label: spokenStatus(text, tooltip) };
    this.item.show();
  }
}

/** The command that leads to the machine where exercises run, if it is another one. */
export function elsewhere(): string {
  const command = vscode.workspace.getConfiguration("blankcheck").get<unknown>("runner.command");
  // Whoever writes settings by hand may have written anything.
  return Array.isArray(command) ? command.join(" ") : typeof command === "string" ? command : "";
}
