// Everything that can be said about the code without running it. All of it is run, and what failed
// is told at the end, so that one look shows everything.
import { setup } from "./setup.mjs";
import { attempt, installed, isMain, main, say, venvPython } from "./tools.mjs";

const node = process.execPath;
const prettier = installed("prettier", "bin/prettier.cjs");
const eslint = installed("eslint", "bin/eslint.js");

const CHECKS = [
  ["ruff check", venvPython, ["-m", "ruff", "check"]],
  ["ruff format", venvPython, ["-m", "ruff", "format", "--check"]],
  ["pyright", node, [installed("pyright", "index.js"), "--pythonpath", venvPython]],
  ["tsc", node, [installed("typescript", "bin/tsc"), "--noEmit"]],
  ["eslint", node, [eslint, "."]],
  ["prettier", node, [prettier, "--check", "--log-level=warn", "."]],
];

const FIXES = [
  ["ruff check", venvPython, ["-m", "ruff", "check", "--fix"]],
  ["ruff format", venvPython, ["-m", "ruff", "format"]],
  ["eslint", node, [eslint, "--fix", "."]],
  ["prettier", node, [prettier, "--write", "--log-level=warn", "."]],
];

/** Runs each of these; the exit status says whether all were content. */
export async function runAll(work) {
  await setup();
  const failed = [];
  for (const [name, command, args] of work) {
    say(name);
    const { status } = await attempt(command, args);
    if (status !== 0) failed.push(name);
  }
  say(failed.length ? `not content: ${failed.join(", ")}` : "all is well.");
  return failed.length ? 1 : 0;
}

export const fix = () => runAll(FIXES);

if (isMain(import.meta.url)) {
  await main(() => runAll(CHECKS));
}
