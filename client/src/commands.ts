/** What the learner can do. Each command asks the server, and shows its answer. */
import * as vscode from "vscode";
import type { Range } from "vscode-languageclient/node";
import { checked } from "./checking";
import { of, rangeOf } from "./convert";
import type { Debugging } from "./debugging";
import { explain } from "./explain";
import type { InstructionsProvider } from "./instructions";
import { following, named, places, worth, type Place } from "./listing";
import {
  Blanks,
  Instruct,
  ListCourses,
  ListDevices,
  Reset,
  Run,
  Start,
  TakeHint,
  TakeSolution,
  type CheckResult,
  type NewText,
} from "./protocol";
import type { Server } from "./server";
import type { Status } from "./status";
import { submissionEditor } from "./submission";
import { deviceText, ending, headline, neighbour, sentence, spokenStatus } from "./verdict";

/** How long a check may take before a notification, with a way to cancel it, says that it runs. */
const PATIENCE = 500;

export class Commands {
  private readonly output = vscode.window.createOutputChannel("Blankcheck Run");
  /** The submission that is being run, and what it has printed last. */
  private running: { uri: string; printed: string } | undefined;

  constructor(
    private readonly server: Server,
    private readonly status: Status,
    private readonly instructions: InstructionsProvider,
    private readonly debugging: Debugging,
  ) {}

  register(): vscode.Disposable {
    const commands: Record<string, (...args: never[]) => unknown> = {
      startExercise: (node?: { place?: Place }) => this.start(node?.place),
      check: (uri?: unknown) => this.check(uri),
      run: (uri?: unknown) => this.run(uri),
      debug: async (uri?: unknown) => this.debugging.start(await subject(uri)),
      debugFailure: async (uri?: unknown, line?: number) =>
        this.debugging.start(await subject(uri), line ?? true),
      hint: (uri?: unknown) => this.hint(uri),
      solution: (uri?: unknown) => this.solution(uri),
      reset: (uri?: unknown) => this.reset(uri),
      showInstructions: (subject?: unknown) => this.showInstructions(subject),
      nextExercise: () => this.next(),
      nextBlank: () => this.moveToBlank(1),
      previousBlank: () => this.moveToBlank(-1),
      showDeviceInfo: () => this.showDeviceInfo(),
      restartServer: () => this.server.restart(),
      showOutput: () => {
        this.server.log.show();
      },
    };
    return vscode.Disposable.from(
      this.output,
      this.server.onDidPrint(({ uri, text }) => {
        if (this.running?.uri !== uri) return;
        this.running.printed = text;
        this.output.append(text);
      }),
      ...Object.entries(commands).map(([name, work]) =>
        vscode.commands.registerCommand(`blankcheck.${name}`, async (...args: never[]) => {
          try {
            await work(...args);
          } catch (error) {
            await explain(error, this.server.log);
          }
        }),
      ),
    );
  }

  private async start(chosen?: Place): Promise<void> {
    const place = chosen ?? (await this.choose());
    if (!place) return;
    const folder = vscode.workspace.workspaceFolders?.[0];
    if (!folder) {
      const open = "Open Folder";
      const message = "Open a folder first: exercises are kept as files in it.";
      if ((await vscode.window.showInformationMessage(message, open)) === open) {
        await vscode.commands.executeCommand("vscode.openFolder");
      }
      return;
    }
    const { uri } = await this.server.request(Start, {
      ...named(place),
      folder: folder.uri.toString(),
    });
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const shown = { viewColumn: vscode.ViewColumn.One, preview: false };
    const editor = await vscode.window.showTextDocument(document, shown);
    await this.showInstructions(document.uri);
    const { blanks } = await this.server.request(Blanks, of(document));
    if (blanks[0]) select(editor, blanks[0].range);
  }

  private async choose(): Promise<Place | undefined> {
    const { courses } = await this.server.request(ListCourses, {});
    const items = places(courses).map((place) => {
      const part = place.exercise.steps.find(({ step }) => step === place.step);
      const label = [place.exercise.title, part?.title].filter(Boolean).join(": ");
      return { label, description: worth(place.exercise), place };
    });
    const placeHolder = "The exercise to start";
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.place;
  }

  private async check(uri: unknown): Promise<void> {
    const document = await subject(uri);
    const result = await patiently("Checking…", (token, told) =>
      checked(document, this.server, this.status, token, told),
    );
    if (!result) return;
    reveal(document, result);
    // What is wrong stands in the text. What has no place there needs a message; so does everything
    // where a screen reader reads, which by itself says nothing of new marks, nor of the status bar.
    if (result.verdict === "passed") await this.praise(result);
    else if (result.verdict === "broken") void vscode.window.showWarningMessage(sentence(result));
    else if (isHeard()) {
      void vscode.window.showWarningMessage(spokenStatus(headline(result), sentence(result)));
    }
  }

  private async praise(result: CheckResult): Promise<void> {
    const next = "Next Exercise";
    const message = result.feedback.length ? sentence(result) : "Passed. Well done!";
    if ((await vscode.window.showInformationMessage(message, next)) === next) await this.next();
  }

  private async run(uri: unknown): Promise<void> {
    const document = await subject(uri);
    this.running = { uri: document.uri.toString(), printed: "" };
    const running = this.running;
    this.output.clear();
    this.output.show(true);
    const result = await patiently("Running…", (token, told) =>
      this.server.ask(Run, of(document), token, told),
    );
    // The output is another run's by now.
    if (this.running !== running) return;
    if (!running.printed) this.output.append((running.printed = result.output));
    if (running.printed && !running.printed.endsWith("\n")) this.output.appendLine("");
    if (result.truncated) this.output.appendLine("[some of the output was left out]");
    this.output.appendLine(ending(result));
  }

  private async hint(uri: unknown): Promise<void> {
    const document = await subject(uri);
    const hint = await this.server.request(TakeHint, of(document));
    if (!hint.available) {
      void vscode.window.showInformationMessage("This exercise has no hint.");
      return;
    }
    if (!hint.taken) {
      const take = "Take Hint";
      const message = `The hint costs ${hint.cost} XP.`;
      if (hint.cost > 0 && (await vscode.window.showInformationMessage(message, take)) !== take) {
        return;
      }
      await this.server.request(TakeHint, { ...of(document), take: true });
    }
    await this.showInstructions(document.uri);
  }

  private async solution(uri: unknown): Promise<void> {
    const document = await subject(uri);
    const { available, cost } = await this.server.request(TakeSolution, of(document));
    if (!available) {
      void vscode.window.showInformationMessage("This exercise has no solution to show.");
      return;
    }
    const price = cost ? `It costs the ${cost} XP that are left to earn here.` : "";
    if (!(await replacing("Show the solution?", "Show Solution", price))) return;
    const asked = { ...of(document), take: true };
    const { edit } = await this.server.request(TakeSolution, asked);
    if (edit) await replace(document, edit);
  }

  private async reset(uri: unknown): Promise<void> {
    const document = await subject(uri);
    const question = "Put the exercise back as it was at its start?";
    if (!(await replacing(question, "Reset"))) return;
    await replace(document, await this.server.request(Reset, of(document)));
  }

  /** For a submission, or for an exercise of the tree that is only read. */
  private async showInstructions(subjectOf: unknown): Promise<void> {
    const place = (subjectOf as { place?: Place } | undefined)?.place;
    if (place) return this.instructions.show(place.exercise.title, named(place));
    const document = await subject(subjectOf);
    const { title } = await this.server.request(Instruct, of(document));
    const { visibleTextEditors } = vscode.window;
    const editor = visibleTextEditors.find((one) => one.document === document);
    await this.instructions.show(title, document.uri, editor);
    // A button of a message had the focus, if that was where it came from.
    if (editor) await vscode.window.showTextDocument(document, editor.viewColumn);
  }

  private async next(): Promise<void> {
    const document = await subject(undefined);
    const here = await this.server.request(Instruct, of(document));
    const { courses } = await this.server.request(ListCourses, {});
    const place = following(courses, here);
    if (place) return this.start(place);
    void vscode.window.showInformationMessage("That was the last exercise of the courses.");
  }

  private async moveToBlank(direction: 1 | -1): Promise<void> {
    const editor = submissionEditor();
    if (!editor) return;
    const { blanks } = await this.server.request(Blanks, of(editor.document));
    const blank = neighbour(blanks, editor.selection.start, direction);
    if (blank) select(editor, blank.range);
    else void vscode.window.setStatusBarMessage("No blanks are left: check the exercise.", 5_000);
  }

  private async showDeviceInfo(): Promise<void> {
    const found = await patiently("Looking for devices…", (token) =>
      this.server.request(ListDevices, {}, token),
    );
    await vscode.env.clipboard.writeText(found.text);
    const message = `${deviceText(found)} All that is known was copied to the clipboard.`;
    const set = "Change Device";
    const show = found.problem
      ? vscode.window.showWarningMessage
      : vscode.window.showInformationMessage;
    if ((await show(message, set)) === set) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "blankcheck.device");
    }
  }
}

/** The document that a command is for: a lens names it, a key or the palette mean the one at hand. */
async function subject(uri: unknown): Promise<vscode.TextDocument> {
  if (typeof uri === "string") return vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  if (uri instanceof vscode.Uri && uri.scheme === "file") {
    return vscode.workspace.openTextDocument(uri);
  }
  const editor = submissionEditor();
  if (!editor) throw new Error("Open the file of an exercise first: start one in the course tree.");
  return editor.document;
}

/** Whether the learner wants to have what they wrote replaced. */
async function replacing(question: string, action: string, price = ""): Promise<boolean> {
  const detail = `${price} What you wrote is replaced. Undo brings it back.`.trim();
  const options = { modal: true, detail };
  return (await vscode.window.showWarningMessage(question, options, action)) === action;
}

async function replace(document: vscode.TextDocument, made: NewText): Promise<void> {
  if (made.version !== document.version) {
    throw new Error("The text has changed meanwhile, and was left as it is. Try it again.");
  }
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, rangeOf(made.range), made.text);
  await vscode.workspace.applyEdit(edit);
}

function select(editor: vscode.TextEditor, range: Range): void {
  const { start, end } = rangeOf(range);
  editor.selection = new vscode.Selection(start, end);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Whether VS Code is set up for a screen reader. One that it has only detected, it does not tell. */
function isHeard(): boolean {
  return vscode.workspace.getConfiguration("editor").get("accessibilitySupport") === "on";
}

/** Brings what is wrong into view, without moving the cursor. */
function reveal(document: vscode.TextDocument, { verdict, feedback }: CheckResult): void {
  const editor = vscode.window.visibleTextEditors.find((one) => one.document === document);
  if (!editor || !feedback[0] || verdict === "passed") return;
  editor.revealRange(
    rangeOf(feedback[0].range),
    vscode.TextEditorRevealType.InCenterIfOutsideViewport,
  );
}

/** Shows, if it takes long, what is under way, and lets the learner cancel it. */
async function patiently<T>(
  title: string,
  work: (token: vscode.CancellationToken, told: (stage: string) => void) => Promise<T>,
): Promise<T> {
  const source = new vscode.CancellationTokenSource();
  let stage = "";
  let show: (() => void) | undefined;
  const result = work(source.token, (told) => {
    stage = told;
    show?.();
  });
  const location = vscode.ProgressLocation.Notification;
  const timer = setTimeout(() => {
    void vscode.window.withProgress({ location, title, cancellable: true }, (progress, token) => {
      show = (): void => {
        progress.report({ message: stage });
      };
      show();
      token.onCancellationRequested(() => {
        source.cancel();
      });
      return result.then(
        () => undefined,
        () => undefined,
      );
    });
  }, PATIENCE);
  try {
    return await result;
  } finally {
    clearTimeout(timer);
    source.dispose();
  }
}
