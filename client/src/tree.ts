/** The courses as a tree: course, chapter, exercise, step, each with the learner's state. */
import * as vscode from "vscode";
import { identity, spoken, spokenState, worth, type Place } from "./listing";
import { ListCourses, type ChapterItem, type CourseItem, type State } from "./protocol";
import type { Server } from "./server";
import { isSubmissionDocument } from "./submission";

type Node = { parent?: Node } & (
  | { kind: "course"; course: CourseItem }
  | { kind: "chapter"; chapter: ChapterItem }
  | { kind: "exercise"; place: Place }
);

class CourseTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly server: Server) {
    server.onDidChangeCourses(() => {
      this.changed.fire();
    });
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.courses();
    if (node.kind === "course") {
      return node.course.chapters.map((chapter) => ({ kind: "chapter", chapter, parent: node }));
    }
    const place = (step: Partial<Place>, exercise: Place["exercise"], chapter: string): Node => ({
      kind: "exercise",
      place: { chapter, exercise, ...step },
      parent: node,
    });
    if (node.kind === "chapter") {
      return node.chapter.exercises.map((exercise) => place({}, exercise, node.chapter.uri));
    }
    const { chapter, exercise, step } = node.place;
    if (step !== undefined) return [];
    return exercise.steps.map(({ step }) => place({ step }, exercise, chapter));
  }

  getParent({ parent }: Node): Node | undefined {
    return parent;
  }

  /** The exercise or step that a learner's file is for. */
  async find(file: vscode.Uri, within?: Node): Promise<Node | undefined> {
    for (const node of await this.getChildren(within)) {
      const own = node.kind === "exercise" ? fileOf(node.place) : null;
      if (own && vscode.Uri.parse(own).toString() === file.toString()) return node;
      const found = await this.find(file, node);
      if (found) return found;
    }
    return undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    if (node.kind === "course") {
      const { uri, title, problem } = node.course;
      const item = new vscode.TreeItem(title, Expanded);
      item.id = uri;
      item.iconPath = new vscode.ThemeIcon(problem ? "warning" : "mortar-board");
      item.tooltip = problem ?? title;
      item.accessibilityInformation = { label: problem ? `${title}, ${problem}` : title };
      item.contextValue = "course";
      return item;
    }
    if (node.kind === "chapter") {
      const { uri, title, description } = node.chapter;
      const item = new vscode.TreeItem(title, Expanded);
      item.id = uri;
      item.tooltip = description || title;
      item.accessibilityInformation = { label: title };
      item.contextValue = "chapter";
      return item;
    }
    const { exercise, step } = node.place;
    const part = exercise.steps.find((item) => item.step === step);
    const steps = !part && exercise.runnable && exercise.steps.length > 0;
    const item = part
      ? new vscode.TreeItem(part.title)
      : new vscode.TreeItem(exercise.title, steps ? Collapsed : undefined);
    item.id = identity(node.place);
    if (!part) item.description = worth(exercise);
    const state = part?.state ?? exercise.state;
    item.iconPath = exercise.runnable ? icon(state) : new vscode.ThemeIcon("book");
    const label = part ? spokenState(part.title, state) : spoken(exercise);
    item.accessibilityInformation = { label };
    item.tooltip = exercise.reason ?? label;
    item.contextValue = exercise.runnable && !steps ? "exercise" : "reading";
    if (!steps) {
      item.command = {
        title: exercise.runnable ? "Start Exercise" : "Show Instructions",
        command: exercise.runnable ? "blankcheck.startExercise" : "blankcheck.showInstructions",
        arguments: [node],
      };
    }
    return item;
  }

  private async courses(): Promise<Node[]> {
    try {
      const { courses } = await this.server.request(ListCourses, {});
      return courses.map((course) => ({ kind: "course", course }));
    } catch (error) {
      this.server.log.error(`The courses cannot be listed: ${String(error)}`);
      return [];
    }
  }
}

/** The tree in its view, where the exercise in the editor is selected, as a file is in the Explorer. */
export function showCourses(server: Server): vscode.Disposable {
  const tree = new CourseTree(server);
  const options = { treeDataProvider: tree, showCollapseAll: true };
  const view = vscode.window.createTreeView("blankcheck.courses", options);
  const follow = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    if (!view.visible || !document || !isSubmissionDocument(document)) return;
    const node = await tree.find(document.uri);
    if (!node || vscode.window.activeTextEditor?.document !== document) return;
    await view.reveal(node, { select: true, focus: false });
  };
  const quietly = (): void => {
    follow().catch((error: unknown) => {
      server.log.error(`The exercise cannot be shown in the tree: ${String(error)}`);
    });
  };
  return vscode.Disposable.from(
    view,
    view.onDidChangeVisibility(quietly),
    vscode.window.onDidChangeActiveTextEditor(quietly),
  );
}

/** The learner's file, of what has one of its own. */
function fileOf({ exercise, step }: Place): string | null {
  if (step === undefined) return exercise.steps.length ? null : exercise.file;
  return exercise.steps.find((item) => item.step === step)?.file ?? null;
}

function icon(state: State): vscode.ThemeIcon {
  if (state === "passed") {
    return new vscode.ThemeIcon("pass-filled", new vscode.ThemeColor("testing.iconPassed"));
  }
  return new vscode.ThemeIcon(state === "started" ? "circle-filled" : "circle-outline");
}
