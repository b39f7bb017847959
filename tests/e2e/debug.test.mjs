// Debugging an exercise, and checking it from the Testing view: a breakpoint, the values there, and on
// to the end; a failure, its message in the text, and the debugger at the statement at fault.
import assert from "node:assert/strict";
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

step("Debug stops there, and the variables show the tensors' shapes", async (editor) => {
  const began = Date.now();
  await editor.lens("Debug").click();
  await stopped(editor, 6);
  console.log(`from Debug to the first stop: ${Date.now() - began} ms`);
  // Nothing but the learner's own code is on the stack.
  await editor.page.locator(".debug-call-stack .stack-frame").first().waitFor();
  assert.equal(await editor.page.locator(".debug-call-stack .stack-frame").count(), 1);
  const tensor = editor.variable("hidden_1");
  await editor.variable("Scope Locals|Locals").waitFor();
  if (!(await tensor.isVisible())) await editor.variable("Scope Locals|Locals").click();
  await tensor.waitFor();
  assert.match(await tensor.innerText(), /\(1, 4\), float32, cpu/);
  await editor.picture("debugging", { readme: true });
  await editor.hidePanel();
});

step("the program goes on to its end", goOn);

step("a check in the Testing view fails with its message", async (editor) => {
  await editor.write(fill(sample, WRONG));
  await editor.command("Testing: Focus on Test Explorer View");
  await tested(editor, "Not yet run", "Artificial Neural Networks").click();
  await act(editor, "Not yet run", "Run Test");
  await tested(editor, "Failed").waitFor();
  const told = { hasText: "`weight_composed_1` should" };
  await editor.page.locator(".part.panel .monaco-list-row", told).waitFor();
  await editor.status(`Not right yet: line ${AT_FAULT}`).waitFor();
  await editor.picture("testing");
});
