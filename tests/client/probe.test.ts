import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { ask, choose, read, recent, type Interpreter } from "../../client/src/probe";
import { isChapter, isSubmission } from "../../client/src/recognise";

const candidate = { command: "python3", source: "the path" };

function interpreter(version: string, torch: boolean): Interpreter {
  return { ...candidate, executable: `/py${version}`, version, torch, environment: false };
}

test("a Python that is there says what it is", async () => {
  const found = await ask({ command: process.env["PYTHON"] ?? "python3", source: "" }, tmpdir());
  assert.ok(found);
  assert.match(found.version, /^3\.\d+\.\d+$/);
  assert.ok(found.executable);
});

test("a Python that is not there is passed over", async () => {
  assert.equal(await ask({ command: "no-such-python", source: "" }, tmpdir()), undefined);
});

test("an answer is read behind other output, and nonsense is none", () => {
  const answer = '{"executable": "/p", "version": "3.12.1", "torch": true, "environment": true}';
  assert.equal(read(candidate, `welcome!\n${answer}\n`)?.torch, true);
  assert.equal(read(candidate, "welcome!\n"), undefined);
  assert.equal(read(candidate, "{}"), undefined);
});

test("versions are compared as numbers", () => {
  assert.deepEqual(["3.9.18", "3.10.0", "3.14.0", "2.7.1", "4.0.0"].map(recent), [
    false,
    true,
    true,
    false,
    true,
  ]);
});

test("one with torch is preferred, one that is too old is never taken", () => {
  const found = [
    interpreter("3.9.0", true),
    interpreter("3.12.0", false),
    interpreter("3.11.0", true),
  ];
  assert.equal(choose(found)?.version, "3.11.0");
  assert.equal(choose(found.slice(0, 2))?.version, "3.12.0");
  assert.equal(choose(found.slice(0, 1)), undefined);
});

test("submissions and chapters are known by how they begin", () => {
  assert.ok(isSubmission("# blankcheck: builtin:a.md#ba27197060"));
  assert.ok(isSubmission("\ufeff#blankcheck: chapters/my chapter.md#k/2"));
  assert.ok(!isSubmission("# blankcheck is a tool"));
  assert.ok(!isSubmission("import torch  # blankcheck: a.md#k"));
  assert.ok(isChapter("---\ntitle: A\n---\n\n## B\n\n```yaml\ntype: NormalExercise\n```\n"));
  assert.ok(isChapter("--- type:MultipleChoiceExercise lang:python xp:50\n"));
  assert.ok(isChapter("## B\n\n```yaml\ntype: NormalExcercise\n```\n\n`@solution`\n"));
  assert.ok(!isChapter("# A readme\n\nThe type: any.\n"));
});
