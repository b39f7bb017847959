// The packed VSIX: what is in it, and that its server starts where nothing is installed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { vsix } from "../../client/scripts/package.mjs";
import { findPython } from "../../client/scripts/setup.mjs";
import { run, venvPython, windows } from "../../client/scripts/tools.mjs";

let folder;
let files;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "blankcheck-vsix-"));
  await run(venvPython, ["-m", "zipfile", "-e", vsix, folder], { quiet: true });
  files = readdirSync(join(folder, "extension"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("it holds the client, the server, its packages, the course and the licences", () => {
  for (const file of [
    "dist/extension.js",
    "server/launch.py",
    "server/blankcheck/cli.py",
    "server/blankcheck_runner/host.py",
    "bundled/libs/pygls/__init__.py",
    "bundled/libs/yaml/__init__.py",
    "bundled/NOTICE",
    "exercises/artificial-neural-networks.md",
    "LICENSE.txt",
  ]) {
    assert.ok(files.includes(`/extension/${file}`), file);
  }
});

test("it holds nothing compiled, no tests, no torch, and nothing of the checkout's own", () => {
  const unwanted =
    /\.(so|pyd|dll|pyc|ts|map|vsix)$|\/(tests?|node_modules|torch|\.[^/]+)\/|\/\.(npmrc|env)|setup-stamp/;
  assert.deepEqual(
    files.filter((file) => unwanted.test(file)),
    [],
  );
});

test("its server answers, on a Python with nothing installed", async () => {
  const bare = join(folder, "bare");
  const [python, ...args] = await findPython();
  await run(python, [...args, "-m", "venv", "--without-pip", bare], { quiet: true });
  const server = spawn(
    windows ? join(bare, "Scripts", "python.exe") : join(bare, "bin", "python"),
    ["-I", join(folder, "extension", "server", "launch.py"), "serve"],
    { cwd: folder, env: { PATH: process.env.PATH, BLANKCHECK_DATA_DIR: join(folder, "data") } },
  );
  let errors = "";
  server.stderr.on("data", (data) => (errors += data));
  const answers = messages(server.stdout);
  const send = (message) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const answer = async (id) => {
    for (;;) {
      const { done, value } = await answers.next();
      if (done) break;
      if (value.id === id) return value;
    }
    assert.fail(`the server ended: ${errors}`);
  };
  const params = { processId: process.pid, rootUri: null, capabilities: {} };
  send({ id: 1, method: "initialize", params });
  const { result } = await answer(1);
  assert.equal(result.serverInfo.name.toLowerCase(), "blankcheck");
  send({ method: "initialized", params: {} });
  send({ id: 2, method: "blankcheck/courses", params: {} });
  const { courses } = (await answer(2)).result;
  assert.equal(courses[0].builtin, true);
  assert.equal(courses[0].chapters[0].exercises.length, 6);
  send({ id: 3, method: "shutdown" });
  await answer(3);
  const ended = new Promise((resolve) => server.on("close", resolve));
  send({ method: "exit" });
  assert.equal(await ended, 0, errors);
});

/** The messages of a language server, one after the other. */
async function* messages(stream) {
  let buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) break;
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
      if (buffer.length < end + 4 + length) break;
      const body = buffer.subarray(end + 4, end + 4 + length);
      buffer = buffer.subarray(end + 4 + length);
      yield JSON.parse(body.toString());
    }
  }
}
