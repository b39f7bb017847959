import assert from "node:assert/strict";
import { test } from "node:test";
import { following, identity, named, places, spoken, worth } from "../../client/src/listing";
import type { CourseItem, ExerciseItem } from "../../client/src/protocol";

function exercise(number: number, changes: Partial<ExerciseItem> = {}): ExerciseItem {
  return {
    key: `k${number}`,
    number,
    title: `Exercise ${number}`,
    type: "NormalExercise",
    xp: 100,
    earned: 0,
    state: "new",
    runnable: true,
    reason: null,
    steps: [],
    file: null,
    ...changes,
  };
}

function course(...exercises: ExerciseItem[]): CourseItem {
  const chapters = [{ uri: "file:///c.md", title: "C", description: "", exercises }];
  return { uri: "file:///", title: "Course", builtin: true, problem: null, chapters };
}

const steps = [
  { step: 1, title: "One", state: "passed" as const, file: null },
  { step: 2, title: "Two", state: "new" as const, file: null },
];
const courses = [
  course(
    exercise(1, { runnable: false, type: "VideoExercise" }),
    exercise(2),
    exercise(3, { steps }),
    exercise(4, { key: "" }),
  ),
];

test("what can be started leaves out videos and counts steps", () => {
  const names = places(courses).map(({ exercise, step }) => `${exercise.title}/${step ?? ""}`);
  assert.deepEqual(names, ["Exercise 2/", "Exercise 3/1", "Exercise 3/2", "Exercise 4/"]);
});

test("what follows is the next step, the next exercise, or nothing", () => {
  const after = (key: string, step: number | null) => {
    const place = following(courses, { chapter: "file:///c.md", key, step });
    return place && named(place);
  };
  assert.deepEqual(after("k2", null), { chapter: "file:///c.md", exercise: "k3", step: 1 });
  assert.deepEqual(after("k3", 1), { chapter: "file:///c.md", exercise: "k3", step: 2 });
  assert.deepEqual(after("k3", 2), { chapter: "file:///c.md", exercise: "4" });
  assert.equal(after("Exercise 4", null), undefined);
  assert.equal(after("unknown", null), undefined);
});

test("no two places have the same identity, with or without a key", () => {
  const all = places(courses);
  assert.equal(new Set(all.map(identity)).size, all.length);
});

test("a screen reader hears title, state and worth", () => {
  assert.equal(spoken(exercise(2)), "Exercise 2, not started, 100 XP");
  const passed = exercise(2, { state: "passed", earned: 70 });
  assert.equal(spoken(passed), "Exercise 2, passed, 70 of 100 XP");
  const shown = exercise(2, { state: "passed", earned: 0 });
  assert.equal(spoken(shown), "Exercise 2, passed, 0 of 100 XP");
  assert.equal(worth(exercise(1, { runnable: false, type: "VideoExercise" })), "video");
  assert.equal(worth(exercise(1, { xp: 0 })), "");
});
