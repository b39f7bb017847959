// The VS Code that runs in a browser (code-server) and the Node it needs: installed into the cache,
// once. A half-done install never gets its final name, so it is never used.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, isMain, main, npm, Problem, say, windows, withPath } from "./tools.mjs";

const EDITOR = "4.139.1";
const NODE = "24";
const PLACE = join("node_modules", "code-server");

const QUICK = ["--no-audit", "--no-fund", "--loglevel=error"];

/** What of VS Code's server is compiled here. The rest of its native modules (Kerberos, which wants
    system headers; SQLite, a minute of compiling) serve what is not used. */
const NATIVE = ["@parcel/watcher", "@vscode/native-watchdog", "@vscode/spdlog", "node-pty"];

/** A folder of the cache, filled by `fill` unless it is there. */
async function provide(name, note, fill) {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  say(note);
  mkdirSync(cacheFolder(), { recursive: true });
  sweep(name);
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial);
  writeFileSync(join(partial, "package.json"), JSON.stringify({ private: true }));
  await fill(partial);
  try {
    renameSync(partial, folder);
  } catch (error) {
    // Another run may have finished first; its copy is as good as this one.
    if (!existsSync(folder)) throw error;
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Removes what interrupted installs of this have left, unless their process still lives. */
function sweep(name) {
  for (const entry of readdirSync(cacheFolder())) {
    const owner = entry.startsWith(`${name}.partial-`) && Number(entry.split("-").pop());
    if (owner && !alive(owner)) {
      rmSync(join(cacheFolder(), entry), { recursive: true, force: true });
    }
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** A Node of the version that code-server asks for: this one, or one of the cache. */
export async function editorNode() {
  if (process.versions.node.split(".")[0] === NODE) return process.execPath;
  const name = `node-${windows ? "win" : process.platform}-${process.arch}`;
  const note = `installing Node ${NODE} for the editor into the cache …`;
  const folder = await provide(`node-${NODE}`, note, (cwd) =>
    npm(["install", ...QUICK, "--no-package-lock", `${name}@${NODE}`], { cwd, quiet: true }),
  );
  return join(folder, "node_modules", name, "bin", windows ? "node.exe" : "node");
}

/** The Node and the script that start code-server. */
export async function editor() {
  if (windows) {
    throw new Problem(
      "code-server does not run on Windows. Install VS Code, so that `code` is on the path.",
    );
  }
  const node = await editorNode();
  const note = `installing code-server ${EDITOR} into the cache, once; this takes some minutes …`;
  const folder = await provide(`code-server-${EDITOR}`, note, (partial) => build(partial, node));
  return { node, script: join(folder, PLACE, "out", "node", "entry.js") };
}

/** What code-server's own install script does, without the modules that are not needed here. */
async function build(partial, node) {
  const options = { node, env: withPath(dirname(node)), quiet: true };
  const place = join(partial, PLACE);
  const server = join(place, "lib", "vscode");
  const install = ["install", ...QUICK, "--ignore-scripts", "--omit=dev"];
  await npm([...install, "--no-package-lock", `code-server@${EDITOR}`], {
    cwd: partial,
    ...options,
  });
  await npm(install, { cwd: server, ...options });
  await npm(install, { cwd: join(server, "extensions"), ...options });
  const system = process.platform === "darwin" ? "darwin" : "linux";
  const bin = join(server, "bin");
  copyFileSync(
    join(bin, "remote-cli", `code-${system}.sh`),
    join(bin, "remote-cli", "code-server"),
  );
  copyFileSync(join(bin, "helpers", `browser-${system}.sh`), join(bin, "helpers", "browser.sh"));
  try {
    await npm(["rebuild", ...QUICK, ...NATIVE], { cwd: server, ...options });
  } catch (error) {
    throw new Problem(
      `${error.message}\nVS Code's native modules are compiled here: install a C++ compiler, make ` +
        "and Python 3 (Debian: apt install g++ make python3; macOS: xcode-select --install).",
    );
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const { script } = await editor();
    say(`code-server ${EDITOR} is at ${script}`);
  });
}
