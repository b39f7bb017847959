/** A result in one line, and the way from blank to blank. Free of `vscode`. */
import type { BlankItem, CheckResult, Contained, Devices, FeedbackItem, Verdict } from "./protocol";

const LEADS: Record<Verdict, string> = {
  passed: "$(pass) Passed",
  incomplete: "$(circle-large-outline) Not complete",
  failed: "$(error) Not right yet",
  error: "$(error) Stopped by an error",
  timeout: "$(watch) Time limit",
  limit: "$(error) Stopped by a limit",
  broken: "$(warning) The exercise is at fault",
};

const ICON = /^\$\([\w~-]+\) /;

/** What the status bar says of a check. */
export function headline({ verdict, feedback, device }: CheckResult): string {
  if (verdict === "incomplete" && feedback.length) {
    return `$(circle-large-outline) ${feedback.length} ${feedback.length === 1 ? "blank" : "blanks"} left`;
  }
  const line = lineAtFault({ verdict, feedback });
  const told = line ? `${LEADS[verdict]}: line ${line}` : LEADS[verdict];
  return device === "cpu" ? told : `${told} · ${device}`;
}

/** The line that a verdict is about, as the editor counts; undefined for one that has no line. */
function lineAtFault({ verdict, feedback }: Pick<CheckResult, "verdict" | "feedback">) {
  const line = verdict === "failed" || verdict === "error" ? feedback[0]?.range.start.line : 0;
  return line ? line + 1 : undefined;
}

/** What a screen reader says of the status bar item: what it shows, and what hovering over it tells. */
export function spokenStatus(text: string, tooltip: string): string {
  const words = text.replace(ICON, "").replace(/…$/, "");
  return `Blankcheck: ${tooltip.startsWith(words) ? "" : `${words}. `}${tooltip}`;
}

/** What a verdict says in words: its first message, or what the verdict itself means. */
export function sentence(result: CheckResult): string {
  const spoken = LEADS[result.verdict].replace(ICON, "");
  return result.feedback[0]?.message ?? `${spoken}.`;
}

/** What a check comes to as a test: what is not complete was not tried, and an exercise that is at
    fault says nothing of the learner's code. */
export function outcome({ verdict }: CheckResult): "passed" | "failed" | "errored" | "skipped" {
  if (verdict === "passed") return "passed";
  if (verdict === "incomplete") return "skipped";
  return verdict === "broken" ? "errored" : "failed";
}

/** What a check that did not pass has to say: its errors, else whatever there is. */
export function remarks(result: CheckResult): Pick<FeedbackItem, "message" | "range">[] {
  const errors = result.feedback.filter(({ severity }) => severity === "error");
  if (errors.length) return errors;
  const start = { line: 0, character: 0 };
  const nothing = [{ message: sentence(result), range: { start, end: start } }];
  return result.feedback.length ? result.feedback : nothing;
}

/** What the status bar says of how code is contained, below what it says of the check. */
export function contained({ told, advice }: Contained): string {
  return [`Containment: ${told}.`, advice].filter(Boolean).join("\n");
}

/** Where a submission ran, below what the status bar says of the check; empty if it did not run. */
export function place({ device, seconds }: CheckResult): string {
  return seconds > 0 ? `Device: ${device}` : "";
}

/** The device that exercises run on, or why it is not there. */
export function deviceText({ device, label, problem }: Devices): string {
  return problem ?? `Exercises run on ${device ?? "no device"}${label ? ` (${label})` : ""}.`;
}

/** How a run ended, as the last line of its output. */
export function ending(result: CheckResult): string {
  const after = `after ${result.seconds.toFixed(2)} s on ${result.device}`;
  if (result.verdict === "passed") return `[ended ${after}]`;
  const line = lineAtFault(result);
  return `[${line ? `line ${line}: ` : ""}${sentence(result)}]`;
}

/** The blank before or after a position, round the end of the file. */
export function neighbour(
  blanks: readonly BlankItem[],
  at: { line: number; character: number },
  direction: 1 | -1,
): BlankItem | undefined {
  const compare = ({ range: { start } }: BlankItem) =>
    Math.sign(start.line - at.line || start.character - at.character) === direction;
  return direction === 1
    ? (blanks.find(compare) ?? blanks[0])
    : (blanks.findLast(compare) ?? blanks.at(-1));
}
