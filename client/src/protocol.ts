/**
 * What client and server say to each other beyond LSP: the mirror of `server/blankcheck/lsp/protocol.py`.
 * `docs/protocol.md` describes it.
 */
import {
  NotificationType,
  RequestType,
  type Range,
  type TextDocumentIdentifier,
} from "vscode-languageclient/node";

export type State = "new" | "started" | "passed";
export type Verdict = "passed" | "incomplete" | "failed" | "error" | "timeout" | "limit" | "broken";

export interface FeedbackItem {
  code: string;
  severity: "error" | "warning" | "information" | "hint";
  message: string;
  blank: number | null;
  range: Range;
}

export interface CheckResult {
  file: string;
  exercise: string;
  step: number | null;
  verdict: Verdict;
  feedback: FeedbackItem[];
  output: string;
  truncated: boolean;
  device: string;
  seconds: number;
  version: number;
}

export interface StepItem {
  step: number;
  title: string;
  state: State;
  file: string | null;
}

export interface ExerciseItem {
  key: string;
  number: number;
  title: string;
  type: string;
  xp: number;
  earned: number;
  state: State;
  runnable: boolean;
  reason: string | null;
  steps: StepItem[];
  file: string | null;
}

export interface ChapterItem {
  uri: string;
  title: string;
  description: string;
  exercises: ExerciseItem[];
}

export interface CourseItem {
  uri: string;
  title: string;
  builtin: boolean;
  problem: string | null;
  chapters: ChapterItem[];
}

export interface DocumentParams {
  textDocument: TextDocumentIdentifier & { version?: number };
}

/** An exercise of a chapter, or one of its steps. */
export interface ExerciseParams {
  chapter: string;
  exercise: string;
  step?: number;
}

export interface Hint {
  available: boolean;
  taken: boolean;
  cost: number;
  markdown: string | null;
}

export interface Instructions {
  chapter: string;
  key: string;
  step: number | null;
  title: string;
  markdown: string;
}

/** A document as it shall be: an edit that can be undone. */
export interface NewText {
  version: number;
  range: Range;
  text: string;
}

export interface Solution {
  available: boolean;
  cost: number;
  edit: NewText | null;
}

export interface BlankItem {
  index: number | null;
  range: Range;
}

/** How well code is contained where it runs. */
export interface Contained {
  level: "none" | "limits" | "landlock" | "full";
  told: string;
  advice: string | null;
}

export interface Info {
  runner: { sandbox: Contained } | null;
}

/** Which device exercises run on. */
export interface Devices {
  device: string | null;
  label: string;
  problem: string | null;
  text: string;
}

/** How a debug session of a submission is begun. */
export interface DebugStart {
  command: string[];
  plan: object;
  version: number;
  stopAt: number | null;
}

/** What the server is told of the settings, at its start and when they change. */
export interface Settings {
  trusted: boolean;
  runnerCommand: string | string[];
  runnerPython: string;
  runnerFolder: string;
  timeLimit: number;
  device: string;
  /** The commands of the lenses are registered here, not by the server. */
  clientCommands: true;
  /** Hovers may hold pictures. */
  pictures: true;
}

export const Check = new RequestType<DocumentParams, CheckResult, void>("blankcheck/check");
export const Run = new RequestType<DocumentParams, CheckResult, void>("blankcheck/run");
export const Blanks = new RequestType<
  DocumentParams,
  { version: number; blanks: BlankItem[] },
  void
>("blankcheck/blanks");
export const TakeHint = new RequestType<DocumentParams & { take?: boolean }, Hint, void>(
  "blankcheck/hint",
);
export const TakeSolution = new RequestType<DocumentParams & { take?: boolean }, Solution, void>(
  "blankcheck/solution",
);
export const Reset = new RequestType<DocumentParams, NewText, void>("blankcheck/reset");
export const Instruct = new RequestType<DocumentParams | ExerciseParams, Instructions, void>(
  "blankcheck/instructions",
);
export const ListCourses = new RequestType<object, { courses: CourseItem[] }, void>(
  "blankcheck/courses",
);
export const Start = new RequestType<
  ExerciseParams & { folder?: string },
  { uri: string; created: boolean },
  void
>("blankcheck/start");
export const Inform = new RequestType<object, Info, void>("blankcheck/info");

export const ListDevices = new RequestType<object, Devices, void>("blankcheck/devices");

export const Debug = new RequestType<
  DocumentParams & { failure?: boolean | number },
  DebugStart,
  void
>("blankcheck/debug");

export const Trust = new NotificationType<{ trusted: boolean }>("blankcheck/trust");
export const Output = new NotificationType<{ uri: string; text: string }>("blankcheck/output");
export const ProgressChanged = new NotificationType<{
  chapter: string;
  key: string;
  step: number | null;
  state: State;
}>("blankcheck/progressChanged");
export const CoursesChanged = new NotificationType<object>("blankcheck/coursesChanged");

/** The error codes that the client treats in their own way. */
export const ErrorCode = {
  runnerUnavailable: -32010,
  untrusted: -32012,
  cancelled: -32800,
  contentModified: -32801,
} as const;
