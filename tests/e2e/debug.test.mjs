// Debugging an exercise, and checking it from the Testing view: a breakpoint, the values there, and on
// to the end; a failure, its message in the text, and the debugger at the statement at fault.
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fill, story } from "./editor.mjs";

const FILE = "blankcheck/builtin/artificial-neural-networks/02-neural-networks.py";
const ANSWERS = [
  ...["input_layer", "weight_1"],
  ...["hidden_1", "weight_2"],
  ...["hidden_2", "weight_3"],
  ...["weight_1", "weight_2"],
  ...["weight_composed_1", "weight_3"],
  ...["input_layer", "weight"],
];
/** Where `weight_composed_1` is made, of the wrong ones the wrong way round. */
const AT_FAULT = 12;
const WRONG = ANSWERS.map((answer, at) => ({ 6: "weight_2", 7: "weight_1" })[at] ?? answer);

let sample;
const step = story("debug");

/** An exercise or a chapter in the Testing view, by the state that is said of it. */
function tested(editor, state, title = "Neural Networks") {
  const tree = editor.page.getByRole("tree", { name: "Test Explorer" });
  return tree.getByRole("treeitem", { name: new RegExp(`^${title} \\(${state}\\)`) });
}

/** Does something with the exercise there, as one would with the mouse. */
async function act(editor, state, title) {
  const test = tested(editor, state);
  await test.hover();
  await test.getByRole("button", { name: new RegExp(`^${title}`) }).click();
}

async function stopped(editor, line) {
  await editor.page.locator(".debug-top-stack-frame-line").first().waitFor();
  await editor.page.getByRole("button", { name: new RegExp(`^Ln ${line}, Col`) }).waitFor();
}

async function goOn(editor) {
  await editor.page.keyboard.press("F5");
  await editor.page.locator(".debug-toolbar").waitFor({ state: "hidden" });
}

step("a breakpoint is set in an exercise that is filled in", async (editor) => {
  await editor.exercise("Neural Networks").waitFor();
  sample = await editor.start("Neural Networks", FILE);
  await editor.write(fill(sample, ANSWERS));
  await editor.goTo(6);
  await editor.page.keyboard.press("F9");
  await editor.page.locator(".codicon-debug-breakpoint").first().waitFor();
});

step("without a launch.json it is offered to be debugged, and stops there", async (editor) => {
  const { page } = editor;
  const rows = page.locator(".quick-input-list .monaco-list-row");
  const row = (hasText) => rows.filter({ hasText }).first();
  await editor.command("Debug: Select and Start Debugging", { asks: true });
  await row("Blankcheck...").click();
  const began = Date.now();
  await row("Debug Exercise").click();
  await stopped(editor, 6);
  console.log(`from Debug to the first stop: ${Date.now() - began} ms`);
  // The first session opens the debug console.
  await editor.hidePanel();
  // Nothing but the learner's own code is on the stack.
  await page.locator(".debug-call-stack .stack-frame").first().waitFor();
  assert.equal(await page.locator(".debug-call-stack .stack-frame").count(), 1);
});

step("the variables show the tensors, and what is in them", async (editor) => {
  const tensor = editor.variable("hidden_1");
  await editor.variable("Scope Locals|Locals").waitFor();
  if (!(await tensor.isVisible())) await editor.variable("Scope Locals|Locals").click();
  await tensor.waitFor();
  assert.match(await tensor.innerText(), /\(1, 4\), float32, cpu/);
  // Room for what is in it.
  await editor.page.locator(".pane-header", { hasText: "Watch" }).click();
  await tensor.click();
  await editor.variable("dtype").waitFor();
  await editor.variable("requires_grad").waitFor();
  await editor.picture("debugging", { readme: true });
});

step("the program goes on to its end", goOn);

step("F5 alone debugs the exercise at hand", async (editor) => {
  await editor.goTo(5);
  await editor.page.keyboard.press("F5");
  await stopped(editor, 6);
  await goOn(editor);
});

step("the Testing view lists the course, and Debug there stops too", async (editor) => {
  const { page } = editor;
  await editor.command("Testing: Focus on Test Explorer View");
  await tested(editor, "Not yet run", "Artificial Neural Networks").click();
  await act(editor, "Not yet run", "Debug Test");
  await stopped(editor, 6);
  await goOn(editor);
  // No breakpoint is in the way of what comes.
  await editor.goTo(6);
  await page.keyboard.press("F9");
  await page.locator(".codicon-debug-breakpoint").waitFor({ state: "hidden" });
});

step("a check there passes", async (editor) => {
  await editor.command("Testing: Focus on Test Explorer View");
  // Debugging it came to no result.
  await act(editor, "Not yet run", "Run Test");
  await tested(editor, "Passed").waitFor();
  await editor.status("Passed").waitFor();
});

step("a check there ends when its run is cancelled", async (editor) => {
  await editor.write(`${sample.split("\n")[0]}\nwhile True:\n    pass\n`);
  await editor.command("Testing: Focus on Test Explorer View");
  await act(editor, "Passed", "Run Test");
  await editor.status("Checking…").waitFor();
  await editor.command("Test: Cancel Test Run");
  await editor.status(/^\s*Check\s*$/).waitFor();
  await tested(editor, "Skipped").waitFor();
});

step("a check there fails with its message", async (editor) => {
  await editor.write(fill(sample, WRONG));
  await editor.command("Testing: Focus on Test Explorer View");
  await act(editor, "Skipped", "Run Test");
  await tested(editor, "Failed").waitFor();
  const told = { hasText: "`weight_composed_1` should" };
  await editor.page.locator(".part.panel .monaco-list-row", told).waitFor();
  await editor.status(`Not right yet: line ${AT_FAULT}`).waitFor();
  await editor.picture("testing");
  await editor.hidePanel();
});

step("Debug This Failure is a quick fix, and stops at the statement at fault", async (editor) => {
  const { page } = editor;
  await editor.goTo(AT_FAULT);
  await page.keyboard.press("ControlOrMeta+Period");
  await page.locator(".action-widget .monaco-list-row", { hasText: "Debug This Failure" }).click();
  await stopped(editor, AT_FAULT);
  assert.match(await editor.variable("weight_2").innerText(), /\(4, 4\), float32, cpu/);
  await goOn(editor);
});

step("a file that cannot be saved is not debugged, and it is said why", async (editor) => {
  const file = join(editor.workspace, FILE);
  // In the way of a save, whoever the tests run as, as a file that may not be written would be.
  rmSync(file);
  mkdirSync(file);
  await editor.write(fill(sample, ANSWERS));
  await editor.lens("Debug").click();
  // Beside what VS Code says itself of the save.
  await editor.told("This file could not be saved. Save it, then debug again.", "debug-unsaved");
  assert.equal(await editor.page.locator(".debug-toolbar:visible").count(), 0);
});
