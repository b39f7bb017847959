/** The courses in the Testing view: an exercise is a test, and a check of the learner's file its run. */
import * as vscode from "vscode";
import { checked } from "./checking";
import { rangeOf } from "./convert";
import type { Debugging } from "./debugging";
import { explain, isCancelled, isGeneral, words } from "./explain";
import { identity } from "./listing";
import { ListCourses, type ChapterItem, type CheckResult } from "./protocol";
import type { Server } from "./server";
import type { Status } from "./status";
import { keepsExercises } from "./submission";
import { outcome, remarks } from "./verdict";

const Kind = vscode.TestRunProfileKind;

/** What is done with one exercise of a test run. */
type Work = (
  document: vscode.TextDocument,
  test: vscode.TestItem,
  run: vscode.TestRun,
  token: vscode.CancellationToken,
) => Promise<void>;

export class Testing implements vscode.Disposable {
  private readonly controller = vscode.tests.createTestController("blankcheck", "Blankcheck");
  private readonly listeners: vscode.Disposable[];
  /** Whether anybody wants to see the tests. */
  private wanted = false;
  /** How often the courses were asked for. */
  private turns = 0;
  /** The tests by their files. */
  private readonly files = new Map<string, vscode.TestItem>();

  constructor(
    private readonly server: Server,
    private readonly status: Status,
    private readonly debugging: Debugging,
  ) {
    const profile = (name: string, kind: vscode.TestRunProfileKind, work: Work) =>
      this.controller.createRunProfile(
        name,
        kind,
        (request, token) => this.run(name, request, token, work),
        true,
      );
    profile("Check", Kind.Run, (...asked) => this.check(...asked));
    profile("Debug Exercise", Kind.Debug, (...asked) => this.debug(...asked));
    this.controller.resolveHandler = async (item) => {
      this.wanted = true;
      if (!item) await this.list();
    };
    this.controller.refreshHandler = () => this.list();
    this.listeners = [
      server.onDidChangeCourses(() => {
        if (this.wanted) void this.list();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const test = this.files.get(document.uri.toString());
        if (test && contentChanges.length) this.controller.invalidateTestResults(test);
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(this.controller, ...this.listeners).dispose();
  }

  /** Lists the courses, in a workspace that has to do with any. */
  private async list(): Promise<void> {
    if (!this.server.started && !(await keepsExercises())) return;
    const turn = ++this.turns;
    try {
      const { courses } = await this.server.request(ListCourses, {});
      if (turn !== this.turns) return;
      this.files.clear();
      this.controller.items.replace(
        courses
          .flatMap(({ chapters }) => chapters)
          .map((chapter, index) => {
            const item = this.item(this.controller.items, chapter.uri, chapter.title, index);
            this.fill(item, chapter);
            return item;
          }),
      );
    } catch (error) {
      this.server.log.error(`The exercises cannot be listed as tests: ${String(error)}`);
    }
  }

  /** Puts the exercises of a chapter, and their steps, under it. */
  private fill({ children }: vscode.TestItem, { uri: chapter, exercises }: ChapterItem): void {
    children.replace(
      exercises
        .filter(({ runnable }) => runnable)
        .map((exercise) => {
          const { title, number, steps } = exercise;
          const id = identity({ chapter, exercise });
          const file = steps.length ? null : exercise.file;
          const item = this.item(children, id, title, number, file);
          item.children.replace(
            steps.map(({ step, title, file }) =>
              this.item(item.children, identity({ chapter, exercise, step }), title, step, file),
            ),
          );
          return item;
        }),
    );
  }

  /** The test that is there already, so that its results stay, or a new one. */
  private item(
    among: vscode.TestItemCollection,
    id: string,
    label: string,
    order: number,
    file: string | null = null,
  ): vscode.TestItem {
    const uri = file === null ? undefined : vscode.Uri.parse(file);
    const had = among.get(id);
    const same = had?.uri?.toString() === uri?.toString();
    const item = had && same ? had : this.controller.createTestItem(id, label, uri);
    item.label = label;
    item.sortText = String(order).padStart(6, "0");
    if (uri) {
      item.range = new vscode.Range(0, 0, 0, 0);
      this.files.set(uri.toString(), item);
    }
    return item;
  }

  /** Does some work with each exercise that is asked for, one after the other. */
  private async run(
    name: string,
    request: vscode.TestRunRequest,
    token: vscode.CancellationToken,
    work: Work,
  ): Promise<void> {
    const run = this.controller.createTestRun(request, name);
    const tests = leaves(request.include ?? all(this.controller.items), request.exclude ?? []);
    // What waits or runs and has no result in the end counts as skipped. Debugging gives none, so
    // that the last check's is still shown.
    if (request.profile?.kind === Kind.Run) {
      tests.forEach((test) => {
        run.enqueued(test);
      });
    }
    try {
      for (const test of tests) {
        if (token.isCancellationRequested) break;
        await this.one(test, run, token, work);
      }
    } catch (error) {
      void explain(error, this.server.log);
    } finally {
      run.end();
    }
  }

  /** Raises what would keep all others from being run too. */
  private async one(
    test: vscode.TestItem,
    run: vscode.TestRun,
    token: vscode.CancellationToken,
    work: Work,
  ): Promise<void> {
    if (!test.uri) {
      say(run, test, `${test.label}: not started. Start it in the course tree.`);
      run.skipped(test);
      return;
    }
    try {
      const document = await vscode.workspace.openTextDocument(test.uri);
      await work(document, test, run, token);
    } catch (error) {
      if (isCancelled(error)) return;
      run.errored(test, new vscode.TestMessage(words(error)));
      if (isGeneral(error)) throw error;
    }
  }

  private async check(...[document, test, run, token]: Parameters<Work>): Promise<void> {
    run.started(test);
    const result = await checked(document, this.server, this.status, token);
    if (result) tell(run, test, document, result);
    else run.skipped(test);
  }

  private async debug(...[document, , run]: Parameters<Work>): Promise<void> {
    await this.debugging.through(document, run);
  }
}

/** Shows what a check came to as the result of a test. */
function tell(
  run: vscode.TestRun,
  test: vscode.TestItem,
  document: vscode.TextDocument,
  result: CheckResult,
): void {
  if (result.output) say(run, test, result.output);
  const milliseconds = result.seconds * 1000;
  const came = outcome(result);
  if (came === "passed") run.passed(test, milliseconds);
  else if (came === "skipped") {
    for (const { message, range } of remarks(result)) {
      say(run, test, `line ${range.start.line + 1}: ${message}`);
    }
    run.skipped(test);
  } else {
    const messages = remarks(result).map(({ message, range }) => {
      const told = new vscode.TestMessage(message);
      told.location = new vscode.Location(document.uri, rangeOf(range));
      return told;
    });
    run[came](test, messages, milliseconds);
  }
}

function say(run: vscode.TestRun, test: vscode.TestItem, text: string): void {
  run.appendOutput(`${text.trimEnd().replace(/\r?\n/g, "\r\n")}\r\n`, undefined, test);
}

/** The exercises and steps that can be run, below the tests that are asked for. */
function leaves(
  tests: readonly vscode.TestItem[],
  excluded: readonly vscode.TestItem[],
): vscode.TestItem[] {
  return tests
    .filter((test) => !excluded.includes(test))
    .flatMap((test) =>
      test.children.size ? leaves(all(test.children), excluded) : test.parent ? [test] : [],
    );
}

function all(tests: vscode.TestItemCollection): vscode.TestItem[] {
  return [...tests].map(([, test]) => test);
}
