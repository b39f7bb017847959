// What else a learner can do: run, take a hint, cancel, start anew, restart the server.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { story } from "./editor.mjs";
import { servers } from "./processes.mjs";

const FILE = "blankcheck/builtin/artificial-neural-networks/02-neural-networks.py";
const BLANKS = 12;

let sample;
const step = story("commands");

step("Run shows what the code prints, and how it ended", async (editor) => {
  sample = await editor.start("Neural Networks", FILE);
  await editor.write(`${sample.split("\n")[0]}\nprint("the sum is", int(weight_1.numel()))\n`);
  await editor.command("Blankcheck: Run");
  await editor.output("the sum is 16").waitFor();
  await editor.output("[ended after").waitFor();
});

step("a run that fails says why", async (editor) => {
  await editor.write(`${sample.split("\n")[0]}\nprint(weight_9)\n`);
  await editor.lens("Run").click();
  await editor.output("weight_9").waitFor();
  await editor.marks("error").first().waitFor();
  await editor.picture("run-error");
  await editor.hidePanel();
});

step("a check that goes on and on can be cancelled", async (editor) => {
  await editor.write(`${sample.split("\n")[0]}\nwhile True:\n    pass\n`);
  await editor.lens("Check").click();
  await editor.status("Checking…").waitFor();
  // The end of this check, in favour of a newer one, says nothing of that.
  await editor.lens("Check").click();
  const cancel = editor.notification("Checking…").getByRole("button", { name: "Cancel" });
  await cancel.waitFor();
  await editor.status("Checking…").waitFor();
  await cancel.click();
  await editor.status(/^\s*Check\s*$/).waitFor();
});

step("Reset asks, puts the sample code back, and can be undone", async (editor) => {
  await editor.lens("Reset").click();
  await editor.page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
  await editor.page.locator(".view-line").first().click();
  await editor.page.keyboard.press("ControlOrMeta+Z");
  await editor.page.locator(".view-line", { hasText: "while True:" }).waitFor();
  await editor.page.keyboard.press("ControlOrMeta+Y");
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
});

step("a hint tells its cost first, and is then shown with the instructions", async (editor) => {
  await editor.lens("Hint").click();
  await editor.notification("XP").getByRole("button", { name: "Take Hint" }).click();
  await editor.instructions().getByText("Hint", { exact: true }).waitFor();
  await editor.waitForFocusInCode();
  await editor.picture("hint");
});

step("the solution tells its cost first, replaces the code, and can be undone", async (editor) => {
  const { page } = editor;
  await editor.command("Blankcheck: Show Solution…");
  const dialog = page.getByRole("dialog").filter({ hasText: "70 XP" });
  await dialog.getByRole("button", { name: "Show Solution" }).click();
  await page.locator(".view-line", { hasText: "torch.matmul(hidden_1, weight_2)" }).waitFor();
  await editor.marks("info").first().waitFor({ state: "hidden" });
  await page.locator(".view-line").first().click();
  await page.keyboard.press("ControlOrMeta+Z");
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
});

step(
  "Show Device Info says what exercises run on, and copies all that is known",
  async (editor) => {
    const { page } = editor;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await editor.command("Blankcheck: Show Device Info");
    await editor.notification("copied to the clipboard").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    for (const told of ["Blankcheck ", "Device asked for: auto", "Device used: ", "PyTorch: "]) {
      assert.ok(copied.includes(told), copied);
    }
  },
);

step("Restart Server brings everything back, even if the server hangs", async (editor) => {
  const [server] = servers(editor);
  process.kill(server, "SIGSTOP");
  await editor.command("Blankcheck: Restart Server");
  await editor.marks("info").first().waitFor({ state: "hidden" });
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
  await editor.exercise("Neural Networks", "started").waitFor();
});

step("for a screen reader, a check that does not pass says so in a message", async (editor) => {
  set(editor, { "editor.accessibilitySupport": "on" });
  await editor.page.getByRole("button", { name: "Screen Reader Optimized" }).waitFor();
  await editor.command("Blankcheck: Check");
  const told = `${BLANKS} blanks left. Fill in this argument of torch.matmul.`;
  await editor.notification(`Blankcheck: ${told}`).waitFor();
});

step(
  "a Python that does not start is told, and the next one that is set is taken",
  async (editor) => {
    set(editor, { "blankcheck.interpreter": "/nowhere/python" });
    await editor.told("/nowhere/python, which blankcheck.interpreter names, is not a Python that");
    assert.equal(await editor.marks("info").count(), 0);
    set(editor, { "blankcheck.interpreter": "${workspaceFolder}/.venv/bin/python" });
    await editor
      .marks("info")
      .nth(BLANKS - 1)
      .waitFor();
  },
);

/** Writes the workspace's settings, as its owner would. */
function set(editor, settings) {
  const folder = join(editor.workspace, ".vscode");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
}
