// Every test, from the pure core to a real editor: pytest's rings, the client's own, and the packed
// extension in VS Code. All of them are run, and the exit status is honest about each.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { editor } from "./editor.mjs";
import { pack } from "./package.mjs";
import { setup } from "./setup.mjs";
import { attempt, findChromium, main, root, say, venvPython } from "./tools.mjs";

await main(async () => {
  // What would fail at the end is said at the start.
  findChromium();
  await setup();
  await editor();
  await pack();
  const failed = [];
  const ring = async (name, command, args, options) => {
    say(`testing ${name}`);
    const { status } = await attempt(command, args, options);
    if (status !== 0) failed.push(name);
  };
  const pytest = ["-m", "pytest", "-q", "-rs", "--durations=5"];
  // A worker holds a few copies of torch: more than four are not worth their memory.
  const sideBySide = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"];
  await ring("the core, the server, the runner and the corpora (pytest)", venvPython, [
    ...pytest,
    ...["-m", "not alone", ...sideBySide],
  ]);
  await ring("what is killed, within limits of time (pytest)", venvPython, [
    ...pytest,
    "-m",
    "alone",
  ]);
  await ring(
    "the client",
    process.execPath,
    ["--test", "--test-reporter=spec", ...(await clientTests())],
    {
      env: { ...process.env, PYTHON: venvPython },
    },
  );
  // One editor at a time: two of them would time each other out on a small machine.
  const inEditor = [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=1",
    ...named("tests/e2e", ".test.mjs"),
  ];
  await ring("the packed extension in a real VS Code", process.execPath, inEditor);
  say(failed.length ? `failed: ${failed.join("; ")}` : "all tests passed.");
  return failed.length ? 1 : 0;
});

/** The client's tests, built as the client is. */
async function clientTests() {
  const { build } = await import("esbuild");
  const outdir = join(root, "build", "tests");
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: named("tests/client", ".test.ts"),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return readdirSync(outdir).map((file) => join(outdir, file));
}

function named(folder, ending) {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => join(folder, file));
}
