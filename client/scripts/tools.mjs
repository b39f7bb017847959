// What every script needs: where things are, how to say what happens, how to run a program.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const windows = process.platform === "win32";
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const venv = join(root, ".venv");
export const venvPython = windows
  ? join(venv, "Scripts", "python.exe")
  : join(venv, "bin", "python");

/** Something the person at the prompt can act on: told in its own words, without a stack. */
export class Problem extends Error {}

export function say(text) {
  console.log(`blankcheck: ${text}`);
}

/** Where what is downloaded once is kept, between checkouts. */
export function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, "blankcheck");
  if (windows && process.env.LOCALAPPDATA) return join(process.env.LOCALAPPDATA, "blankcheck");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "blankcheck");
  return join(homedir(), ".cache", "blankcheck");
}

/** The environment with a folder put first on the path. */
export function withPath(folder, env = process.env) {
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return { ...env, [name]: [folder, env[name] ?? ""].join(delimiter) };
}

/** Runs a program to its end; its status, and what it printed when `quiet`. */
export function attempt(command, args, { quiet = false, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      ...options,
    });
    let output = "";
    child.stdout?.on("data", (data) => (output += data));
    child.stderr?.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ status: 127, output: String(error) }));
    child.on("close", (status, signal) => resolve({ status: signal ? 130 : status, output }));
  });
}

/** Runs a program that must succeed. */
export async function run(command, args, options = {}) {
  const { status, output } = await attempt(command, args, options);
  if (status === 0) return output;
  const shown = output.trim().split("\n").slice(-40).join("\n");
  throw new Problem(
    `${shown ? `${shown}\n` : ""}"${command} ${args.join(" ")}" failed (${status}).`,
  );
}

/** Runs npm, by the Node that is given. */
export function npm(args, { node = process.execPath, ...options } = {}) {
  const script = process.env.npm_execpath;
  if (script?.endsWith(".js")) return run(node, [script, ...args], options);
  return run(windows ? "npm.cmd" : "npm", args, { shell: windows, ...options });
}

/** A program that npm installed in this checkout, as a script for Node. */
export function installed(name, path) {
  return join(root, "node_modules", name, path);
}

/** Whether a program of this name is on the path; its place if so. */
export function onPath(...names) {
  const endings = windows ? (process.env.PATHEXT ?? ".EXE;.CMD").split(";") : [""];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      for (const ending of endings) {
        const file = join(folder, name + ending);
        if (folder && existsSync(file)) return file;
      }
    }
  }
  return undefined;
}

/** The browser of the tests in a real editor. */
export function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const found = process.env.CHROMIUM ?? onPath(...names);
  if (found) return found;
  throw new Problem(
    "The tests in a real VS Code need Chromium. Install it (Debian and Ubuntu: apt install " +
      "chromium), or set CHROMIUM to the browser's path.",
  );
}

/** Whether a script was started itself, rather than imported by another. */
export function isMain(url) {
  return Boolean(process.argv[1]) && fileURLToPath(url) === realpathSync(process.argv[1]);
}

/** Runs a script's work and ends the process by its result. */
export async function main(work) {
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? 0;
  } catch (error) {
    console.error(error instanceof Problem ? `\nblankcheck: ${error.message}` : error);
    process.exitCode = 1;
  }
}
