/** How courses are told in lists: labels, and which exercise follows which. Free of `vscode`. */
import type { CourseItem, ExerciseItem, ExerciseParams, State } from "./protocol";

/** Where an exercise, or one of its steps, stands in the courses. */
export interface Place {
  chapter: string;
  exercise: ExerciseItem;
  step?: number;
}

/** What can be started, in the order of the courses: each exercise, or each of its steps. */
export function places(courses: readonly CourseItem[]): Place[] {
  return courses
    .flatMap((course) => course.chapters)
    .flatMap(({ uri, exercises }) =>
      exercises
        .filter((exercise) => exercise.runnable)
        .flatMap((exercise): Place[] =>
          exercise.steps.length
            ? exercise.steps.map(({ step }) => ({ chapter: uri, exercise, step }))
            : [{ chapter: uri, exercise }],
        ),
    );
}

/** What follows an exercise or step; undefined at the end, and for what is not there. */
export function following(
  courses: readonly CourseItem[],
  at: { chapter: string; key: string; step: number | null },
): Place | undefined {
  const all = places(courses);
  const here = all.findIndex(
    ({ chapter, exercise, step }) =>
      chapter === at.chapter &&
      (exercise.key || exercise.title) === at.key &&
      (step ?? null) === at.step,
  );
  return here < 0 ? undefined : all[here + 1];
}

/** A place as the server wants it named. */
export function named({ chapter, exercise, step }: Place): ExerciseParams {
  const params = { chapter, exercise: exercise.key || String(exercise.number) };
  return step === undefined ? params : { ...params, step };
}

/** What tells a place from all others, in a list. */
export function identity({ chapter, exercise, step }: Place): string {
  return `${chapter}#${exercise.key || exercise.number}/${step ?? ""}`;
}

/** What an exercise is worth, as it stands behind its title. */
export function worth({ type, xp, earned, runnable, state }: ExerciseItem): string {
  if (!runnable) return type.startsWith("Video") ? "video" : "not run here";
  if (!xp) return "";
  const settled = earned > 0 || state === "passed";
  return settled && earned !== xp ? `${earned} of ${xp} XP` : `${xp} XP`;
}

const SPOKEN: Record<State, string> = { new: "not started", started: "started", passed: "passed" };

/** What a screen reader says of an exercise: its state is not in an icon alone. */
export function spoken(exercise: ExerciseItem): string {
  const parts = [exercise.title, SPOKEN[exercise.state], worth(exercise)];
  return parts.filter(Boolean).join(", ");
}

/** What a screen reader says of a state. */
export function spokenState(title: string, state: State): string {
  return `${title}, ${SPOKEN[state]}`;
}
