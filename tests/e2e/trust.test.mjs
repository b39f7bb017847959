// A folder that is not trusted can be read, but nothing of it is run before it is.
import assert from "node:assert/strict";
import { story } from "./editor.mjs";
import { servers } from "./processes.mjs";

const FILE = "blankcheck/builtin/artificial-neural-networks/02-neural-networks.py";

let header;
// Trust does not change the Python, so that the same server goes on.
const step = story("trust", { trusted: false, active: true });

step("without trust an exercise opens, and its blanks are marked", async (editor) => {
  await editor.page.getByRole("button", { name: "Restricted Mode" }).first().waitFor();
  [header] = (await editor.start("Neural Networks", FILE)).split("\n");
  await editor.marks("info").first().waitFor();
});

step("the debugger asks for trust, and does not start without it", async (editor) => {
  await editor.lens("Debug").click();
  const dialog = editor.page.getByRole("dialog").filter({ hasText: "trust" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await editor.page.locator(".debug-toolbar").count(), 0);
});

step("a check is refused, with the way to trust", async (editor) => {
  await editor.write(`${header}\nprint("ran")\n`);
  await editor.lens("Check").click();
  await editor.notification(/trust/i).getByRole("button", { name: "Manage Trust" }).click();
  await editor.picture("trust");
});

step("once trust is given, the same check runs", async (editor) => {
  await editor.page.getByRole("button", { name: "Trust", exact: true }).first().click();
  const settings = editor.page.locator(".monaco-modal-editor-block");
  await settings.getByRole("button", { name: /^Close/ }).click();
  await settings.waitFor({ state: "hidden" });
  await editor.lens("Check").click();
  await editor.status(/Not right yet|Stopped/).waitFor();
});

step("a check whose server dies says so, and the next server is trusted too", async (editor) => {
  await editor.write(`${header}\nwhile True:\n    pass\n`);
  await editor.lens("Check").click();
  await editor.status("Checking…").waitFor();
  const [server] = servers(editor);
  process.kill(server, "SIGKILL");
  await editor.told("The server stopped before this was done. Try it again.", "server-died");
  await editor.write(`${header}\nprint("ran")\n`);
  await editor.lens("Check").click();
  await editor.status(/Not right yet|Stopped/).waitFor();
});
