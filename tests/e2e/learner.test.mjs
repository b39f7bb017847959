// A learner's first exercise: from the tree to the verdict.
import assert from "node:assert/strict";
import { fill, story } from "./editor.mjs";

const FILE = "blankcheck/builtin/artificial-neural-networks/02-neural-networks.py";
const RIGHT = [
  ...["input_layer", "weight_1"],
  ...["hidden_1", "weight_2"],
  ...["hidden_2", "weight_3"],
  ...["weight_1", "weight_2"],
  ...["weight_composed_1", "weight_3"],
  ...["input_layer", "weight"],
];
const BLANKS = RIGHT.length;

let sample;
const step = story("learner");

step("the tree lists the course with the learner's state", async (editor) => {
  await editor.exercise("Neural Networks", "not started").waitFor();
  const tree = editor.page.getByRole("tree", { name: "Courses" });
  for (const title of ["Activation functions", "ReLU activation", "Finetuning a CNN"]) {
    await tree.getByRole("treeitem", { name: title }).waitFor();
  }
});

step("starting an exercise opens its code beside its instructions", async (editor) => {
  sample = await editor.start("Neural Networks", FILE);
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
  await editor.instructions().getByText("Multiply input_layer with weight_1").waitFor();
  await editor.exercise("Neural Networks", "started").waitFor();
  assert.equal(await editor.marks("info").count(), BLANKS);
  await editor.picture("blanks");
});

step("what is typed goes into the first blank, then Next Blank", async (editor) => {
  await editor.page.keyboard.type("input_layer");
  await editor.page.keyboard.press("Escape");
  await editor.command("Blankcheck: Next Blank");
  await editor.page.getByRole("button", { name: /Ln 5, Col \d+ \(3 selected\)/ }).waitFor();
  await editor.page.keyboard.type("weight_1");
  await editor.page.keyboard.press("Escape");
  await editor.page
    .locator(".view-line", { hasText: "hidden_1 = torch.matmul(input_layer, weight_1)" })
    .waitFor();
});

step("the blanks are listed as problems", async (editor) => {
  const rows = await editor.problems();
  const rest = BLANKS - 2;
  await editor.page.getByRole("treeitem", { name: `${rest} problems in file` }).waitFor();
  await rows
    .filter({ hasText: "blank/unfilled" })
    .filter({ hasText: "Ln 6, Col" })
    .first()
    .waitFor();
  await editor.hidePanel();
});

step("hovering a blank says what belongs there, and does not give it away", async (editor) => {
  // What kind belongs there is known once the solution has run, a moment after the start.
  const said = await editor.hover(editor.marks("info").first(), "Expected here");
  assert.match(said, /store the result in hidden_2/);
  assert.match(said, /Expected here: a tensor/i);
  assert.doesNotMatch(said, /matmul\(hidden_1/);
  await editor.picture("hover", { readme: true });
  await editor.page.keyboard.press("Escape");
});

step("a wrong answer is underlined on its line, with a sentence", async (editor) => {
  const wrong = RIGHT.map((answer, at) => ({ 6: "weight_2", 7: "weight_1" })[at] ?? answer);
  await editor.write(fill(sample, wrong));
  await editor.lens("Check").click();
  await editor.status(/Not right yet: line 12/).waitFor();
  await editor.marks("error").first().waitFor();
  const rows = await editor.problems();
  await rows.filter({ hasText: "Ln 12, Col" }).filter({ hasText: "weight_composed_1" }).waitFor();
  await editor.picture("wrong", { readme: true });
  await editor.hidePanel();
});

step(
  "a variable tells what it was, with a picture, and its shape behind its name",
  async (editor) => {
    const { page } = editor;
    await page.locator(".view-line", { hasText: /hidden_2:\s\(1,\s4\)/ }).waitFor();
    for (const [name, kind, format] of [
      ["hidden_1", "line through", "svg\\+xml"],
      ["weight_composed_1", "heat map of", "png"],
    ]) {
      const line = page.locator(".view-line", { hasText: new RegExp(`^${name}`) });
      const said = await editor.hover(line, `${name} was a tensor`, { position: { x: 20, y: 8 } });
      assert.match(said, /In the last run/);
      const drawn = page.locator(".monaco-hover:not(.hidden) img");
      await drawn.waitFor();
      assert.match(await drawn.getAttribute("alt"), new RegExp(`^${name}: ${kind} `));
      assert.match(await drawn.getAttribute("src"), new RegExp(`^data:image/${format};base64,`));
      // That it is really drawn, and not refused.
      await page.waitForFunction((image) => image.naturalWidth > 50, await drawn.elementHandle());
      if (name === "weight_composed_1") await editor.picture("values", { readme: true });
      await page.keyboard.press("Escape");
    }
  },
);

step("the right answer passes, in a message, in the tree and in the status bar", async (editor) => {
  await editor.write(fill(sample, RIGHT));
  await editor.command("Blankcheck: Check");
  await editor.status("Passed").waitFor();
  await editor.hover(editor.status("Passed"), "Containment: ");
  await editor.notification("Next Exercise").waitFor();
  await editor.exercise("Neural Networks", "passed").waitFor();
  const earned = { hasText: "Passed: 100 of 100 XP" };
  await editor.page.locator(".codelens-decoration", earned).waitFor();
  assert.equal(await editor.marks("error").count(), 0);
  await editor.notification("Checking").waitFor({ state: "hidden" });
  await editor.picture("passed");
  // The status item tells what it ran on.
  await editor.status("Passed").hover();
  await editor.page
    .locator(".monaco-hover:not(.hidden)", { hasText: /Device: (cpu|cuda:0)/ })
    .waitFor();
});

step("Next Exercise starts the one after", async (editor) => {
  await editor.notification("Next Exercise").getByRole("button", { name: "Next Exercise" }).click();
  await editor.exercise("ReLU activation", "started").waitFor();
  await editor.instructions().getByText("ReLU activation").first().waitFor();
});

step("the tree and the instructions follow from one exercise to the other", async (editor) => {
  const chosen = (title) =>
    editor.page.getByRole("treeitem", { name: new RegExp(`^${title}, `), selected: true });
  await chosen("ReLU activation").waitFor();
  await editor.page.locator(".tab", { hasText: "02-neural-networks.py" }).click();
  await editor.instructions().getByText("Multiply input_layer with weight_1").waitFor();
  await chosen("Neural Networks").waitFor();
  await editor.waitForFocusInCode();
});
