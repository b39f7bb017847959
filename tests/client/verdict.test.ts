import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckResult, FeedbackItem, Verdict } from "../../client/src/protocol";
import {
  contained,
  deviceText,
  ending,
  headline,
  neighbour,
  outcome,
  place,
  remarks,
  sentence,
  spokenStatus,
} from "../../client/src/verdict";

function feedback(message: string, line: number): FeedbackItem {
  const range = { start: { line, character: 0 }, end: { line, character: 3 } };
  return { code: "sct/value", severity: "error", message, blank: null, range };
}

function result(verdict: Verdict, ...items: FeedbackItem[]): CheckResult {
  return {
    file: "a.py",
    exercise: "k",
    step: null,
    verdict,
    feedback: items,
    output: "",
    truncated: false,
    device: "cpu",
    seconds: 0.0412,
    version: 1,
  };
}

function blank(line: number, character: number) {
  return { index: null, range: { start: { line, character }, end: { line, character } } };
}

test("as a test, what is not complete was skipped, and an exercise at fault fails nobody", () => {
  const verdicts = ["passed", "incomplete", "failed", "error", "timeout", "broken"] as const;
  assert.deepEqual(
    verdicts.map((verdict) => outcome(result(verdict))),
    ["passed", "skipped", "failed", "failed", "failed", "errored"],
  );
});

test("a failed check remarks on its errors, else on anything, and always says something", () => {
  const remark: FeedbackItem = { ...feedback("Mind the shape.", 2), severity: "hint" };
  const error = feedback("Too large.", 4);
  const said = (...items: FeedbackItem[]) =>
    remarks(result("failed", ...items)).map(({ message }) => message);
  assert.deepEqual(said(remark, error), ["Too large."]);
  assert.deepEqual(said(remark), ["Mind the shape."]);
  assert.deepEqual(said(), ["Not right yet."]);
});

test("the status bar tells the line at fault, counted as the editor counts", () => {
  assert.equal(
    headline(result("failed", feedback("Too large.", 4))),
    "$(error) Not right yet: line 5",
  );
  assert.equal(headline(result("passed")), "$(pass) Passed");
  assert.equal(headline(result("timeout")), "$(watch) Time limit");
});

test("the status bar tells how code is contained, and what to do where it could be better", () => {
  const full = { level: "full", told: "full: all is closed off", advice: null } as const;
  assert.equal(contained(full), "Containment: full: all is closed off.");
  const less = {
    level: "limits",
    told: "limits: files are open",
    advice: "Trust nobody.",
  } as const;
  assert.equal(contained(less), "Containment: limits: files are open.\nTrust nobody.");
});

test("blanks that are left are counted", () => {
  const left = (count: number) =>
    headline(result("incomplete", ...Array.from({ length: count }, () => feedback("Fill it.", 1))));
  assert.match(left(1), /1 blank left$/);
  assert.match(left(3), /3 blanks left$/);
});

test("the sentence is the first message, or says the verdict", () => {
  assert.equal(sentence(result("failed", feedback("A.", 1), feedback("B.", 2))), "A.");
  assert.equal(sentence(result("timeout")), "Time limit.");
});

test("a run ends with its time, or with what stopped it", () => {
  assert.equal(ending(result("passed")), "[ended after 0.04 s on cpu]");
  assert.equal(ending(result("error", feedback("There is no y.", 2))), "[line 3: There is no y.]");
  assert.equal(ending(result("timeout", feedback("Too slow.", 2))), "[Too slow.]");
});

test("a screen reader hears what the status bar shows, and what hovering over it tells", () => {
  const wrong = result("failed", feedback("Too large.", 4));
  assert.equal(
    spokenStatus(headline(wrong), sentence(wrong)),
    "Blankcheck: Not right yet: line 5. Too large.",
  );
  assert.equal(spokenStatus("$(pass) Passed", "Passed."), "Blankcheck: Passed.");
  assert.equal(
    spokenStatus("$(loading~spin) Checking…", "It runs"),
    "Blankcheck: Checking. It runs",
  );
});

test("the next and the previous blank go round the end of the file", () => {
  const blanks = [blank(1, 4), blank(1, 9), blank(3, 0)];
  const go = (line: number, character: number, direction: 1 | -1) =>
    neighbour(blanks, { line, character }, direction)?.range.start;
  assert.deepEqual(go(0, 0, 1), { line: 1, character: 4 });
  assert.deepEqual(go(1, 4, 1), { line: 1, character: 9 });
  assert.deepEqual(go(3, 0, 1), { line: 1, character: 4 });
  assert.deepEqual(go(1, 9, -1), { line: 1, character: 4 });
  assert.deepEqual(go(1, 4, -1), { line: 3, character: 0 });
  assert.equal(neighbour([], { line: 0, character: 0 }, 1), undefined);
});

test("a check on a graphics card is told by its name", () => {
  const there = { ...result("passed"), device: "cuda:1" };
  assert.equal(headline(there), "$(pass) Passed · cuda:1");
  assert.equal(headline(result("passed")), "$(pass) Passed");
  assert.equal(place(there), "Device: cuda:1");
  assert.equal(place({ ...result("incomplete"), seconds: 0 }), "", "nothing ran");
});

test("the device, or why it is not there", () => {
  const found = { device: "cuda:0", label: "NVIDIA A100, 80 GB", problem: null, text: "" };
  assert.equal(deviceText(found), "Exercises run on cuda:0 (NVIDIA A100, 80 GB).");
  assert.equal(deviceText({ ...found, device: "cpu", label: "" }), "Exercises run on cpu.");
  const problem = "There is no cuda:7 here.";
  assert.equal(deviceText({ ...found, device: null, problem }), problem);
});
