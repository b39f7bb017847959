// The extension runs where the files are, and the browser is only a window on it: the window may be
// reloaded and the line may break, and no port but the editor's own is needed.
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { basename } from "node:path";
import { after } from "node:test";
import { story } from "./editor.mjs";
import { processes, read, servers } from "./processes.mjs";

const FILE = "blankcheck/builtin/artificial-neural-networks/02-neural-networks.py";
const BLANKS = 12;

let line;
let header;
const step = story("connection");
after(() => line?.close());

step("an exercise is started over a line that can be cut", async (editor) => {
  const url = new URL(editor.server.url);
  line = await openLine(Number(url.port));
  url.port = String(line.port);
  await editor.page.goto(url.href);
  [header] = (await editor.start("Neural Networks", FILE)).split("\n");
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
  await editor.exercise("Neural Networks", "started").waitFor();
});

step("after a reload of the window everything is back, with one server", async (editor) => {
  const [before] = await settled(editor);
  await editor.page.reload();
  await editor.exercise("Neural Networks", "started").waitFor();
  // Which files stood open, and where, is VS Code's to remember, and on a busy machine it may not.
  await editor.command("View: Close All Editors");
  await editor.openFile(basename(FILE));
  await editor
    .marks("info")
    .nth(BLANKS - 1)
    .waitFor();
  await editor.lens("Check").waitFor();
  const [server] = await settled(editor);
  assert.notEqual(server, before);
});

step(
  "a check outlasts a line that breaks, and the window takes up where it was",
  async (editor) => {
    await editor.write(`${header}\nimport time\ntime.sleep(4)\nprint(weight_9)\n`);
    await editor.lens("Check").click();
    await editor.status("Checking…").waitFor();
    const refused = line.cut();
    await refused;
    line.mend();
    await editor.status(/Stopped by an error/).waitFor();
    await editor.marks("error").first().waitFor();
    const servers = await settled(editor);
    assert.equal(servers.length, 1);
  },
);

step("nothing of ours listens: the editor's own port is all that is needed", (editor) => {
  const ours = processes().filter(({ pid }) => belongs(pid, servers(editor)));
  assert.ok(ours.length > 1, "the server and the runner's host are there");
  const listening = new Set(["tcp", "tcp6"].flatMap((table) => listeners(`/proc/net/${table}`)));
  for (const { pid } of ours) {
    assert.deepEqual(
      sockets(pid).filter((inode) => listening.has(inode)),
      [],
    );
  }
});

/** A line to a port of this machine that can be cut and mended. */
function openLine(target) {
  const open = new Set();
  let isCut = false;
  let tellRefused = () => undefined;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      tellRefused();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [end, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(end);
      end.pipe(other);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        open.delete(end);
        other.destroy();
      });
    }
  });
  const destroy = () => {
    for (const end of open) end.destroy();
  };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        port: server.address().port,
        /** Resolves when the window has tried in vain to come back. */
        cut: () =>
          new Promise((refused) => {
            isCut = true;
            tellRefused = refused;
            destroy();
          }),
        mend: () => (isCut = false),
        close: () => {
          server.close();
          destroy();
        },
      });
    });
  });
}

/** The language servers of this editor, once there is one and no more. */
async function settled(editor) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = servers(editor);
    if (found.length === 1) return found;
    assert.ok(Date.now() < deadline, `${found.length} servers run`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Whether a process is one of these, or below one. */
function belongs(pid, ancestors) {
  for (let at = pid; at && at !== "0";) {
    if (ancestors.includes(at)) return true;
    at = /\) \S (\d+)/.exec(read(`/proc/${at}/stat`))?.[1];
  }
  return false;
}

/** The inodes of the sockets in a table of the kernel on which somebody listens. */
function listeners(table) {
  return read(table)
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A")
    .map((fields) => fields[9]);
}

function sockets(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
      .flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  } catch {
    return []; // It has ended meanwhile.
  }
}
