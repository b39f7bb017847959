/** The courses as a tree: course, chapter, exercise, step, each with the learner's state. */
import * as vscode from "vscode";
import { identity, spoken, spokenState, worth, type Place } from "./listing";
import { ListCourses, type ChapterItem, type CourseItem, type State } from "./protocol";
import type { Server } from "./server";

type Node =
  | { kind: "course"; course: CourseItem }
  | { kind: "chapter"; chapter: ChapterItem }
  | { kind: "exercise"; place: Place };

export class CourseTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly server: Server) {
    server.onDidProgress(() => {
      this.changed.fire();
    });
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.courses();
    if (node.kind === "course") {
      return node.course.chapters.map((chapter) => ({ kind: "chapter", chapter }));
    }
    const place = (step: Partial<Place>, exercise: Place["exercise"], chapter: string): Node => ({
      kind: "exercise",
      place: { chapter, exercise, ...step },
    });
    if (node.kind === "chapter") {
      return node.chapter.exercises.map((exercise) => place({}, exercise, node.chapter.uri));
    }
    const { chapter, exercise, step } = node.place;
    if (step !== undefined) return [];
    return exercise.steps.map(({ step }) => place({ step }, exercise, chapter));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    if (node.kind === "course") {
      const { uri, title, problem } = node.course;
      const item = new vscode.TreeItem(title, Expanded);
      item.id = uri;
      item.iconPath = new vscode.ThemeIcon(problem ? "warning" : "mortar-board");
      item.tooltip = problem ?? title;
      item.contextValue = "course";
      return item;
    }
    if (node.kind === "chapter") {
      const { uri, title, description } = node.chapter;
      const item = new vscode.TreeItem(title, Expanded);
      item.id = uri;
      item.tooltip = description || title;
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

function icon(state: State): vscode.ThemeIcon {
  if (state === "passed") {
    return new vscode.ThemeIcon("pass-filled", new vscode.ThemeColor("testing.iconPassed"));
  }
  return new vscode.ThemeIcon(state === "started" ? "circle-filled" : "circle-outline");
}
