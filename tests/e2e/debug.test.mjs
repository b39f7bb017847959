// Debugging an exercise: a breakpoint, the values there, and on to the end.
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

const step = story("debug");

step("a breakpoint is set in an exercise that is filled in", async (editor) => {
  await editor.exercise("Neural Networks").waitFor();
  const sample = await editor.start("Neural Networks", FILE);
  await editor.write(fill(sample, ANSWERS));
  await editor.goTo(6);
  await editor.page.keyboard.press("F9");
  await editor.page.locator(".codicon-debug-breakpoint").first().waitFor();
});

step("Debug stops there, and the variables show the tensors' shapes", async (editor) => {
  const began = Date.now();
  await editor.lens("Debug").click();
  await editor.page.locator(".debug-top-stack-frame-line").first().waitFor();
  console.log(`from Debug to the first stop: ${Date.now() - began} ms`);
  // Nothing but the learner's own code is on the stack.
  await editor.page.locator(".debug-call-stack .stack-frame").first().waitFor();
  assert.equal(await editor.page.locator(".debug-call-stack .stack-frame").count(), 1);
  const tensor = editor.variable("hidden_1");
  await editor.variable("Scope Locals|Locals").waitFor();
  if (!(await tensor.isVisible())) await editor.variable("Scope Locals|Locals").click();
  await tensor.waitFor();
  assert.match(await tensor.innerText(), /\(1, 4\) float32 cpu/);
  await editor.picture("debugging", { readme: true });
});

step("the program goes on to its end", async (editor) => {
  await editor.page.keyboard.press("F5");
  await editor.page.locator(".debug-toolbar").waitFor({ state: "hidden" });
});
