// A VS Code in the browser with the packed extension in it, on a folder; for people and for tests.
import { spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { editor } from "./editor.mjs";
import { Problem, run, venv, windows } from "./tools.mjs";

/** A quiet editor: nothing to sign in to, nothing that looks for updates. */
const SETTINGS = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** Starts code-server with an extension installed; resolves when it answers. */
export async function serve({ workspace, data, vsix, port, trusted = true, env = process.env }) {
  const { node, script } = await editor();
  const extensions = join(data, "extensions");
  const user = join(data, "user");
  const settings = join(user, "User", "settings.json");
  mkdirSync(join(user, "User"), { recursive: true });
  mkdirSync(extensions, { recursive: true });
  if (!existsSync(settings)) writeFileSync(settings, JSON.stringify(SETTINGS, null, 2));
  const folders = ["--extensions-dir", extensions, "--user-data-dir", user];
  // Its own configuration, so that one in the home folder neither changes this nor is changed.
  const config = join(data, "config.yaml");
  writeFileSync(config, "auth: none\n");
  const base = [script, "--config", config, ...folders];
  await run(node, [...base, "--install-extension", vsix, "--force"], { quiet: true, env });

  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const flags = ["--auth", "none", "--bind-addr", address];
  if (trusted) flags.push("--disable-workspace-trust");
  const quiet = [
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-getting-started-override",
  ];
  const child = spawn(node, [...base, ...flags, ...quiet], {
    cwd: workspace,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that all of it can be ended.
    detached: true,
  });
  let log = "";
  const keep = (chunk) => (log = (log + chunk).slice(-20_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise((resolve) => child.on("close", resolve));
  const stop = () => end(child, ended);
  const problem = await Promise.race([
    answers(`http://${address}/healthz`),
    ended.then(() => `code-server ended:\n${log.trim().split("\n").slice(-15).join("\n")}`),
  ]);
  if (problem) {
    await stop();
    throw new Problem(problem);
  }
  const folder = encodeURIComponent(workspace).replaceAll("%2F", "/");
  return { url: `http://${address}/?folder=${folder}`, ended, stop, log: () => log };
}

/** Makes a folder one that the extension opens its course in, with this checkout's Python. */
export function prepareWorkspace(folder) {
  mkdirSync(join(folder, "blankcheck"), { recursive: true });
  const link = join(folder, ".venv");
  const there = lstatSync(link, { throwIfNoEntry: false });
  if (there?.isSymbolicLink()) rmSync(link);
  if (!there || there.isSymbolicLink()) symlinkSync(venv, link, windows ? "junction" : "dir");
  return realpathSync(folder);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until a server answers; what is wrong if it does not within a minute. */
async function answers(url) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    try {
      if ((await fetch(url)).ok) return undefined;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return "code-server did not answer within a minute.";
}

/** Ends the whole group: politely, then not. */
async function end(child, ended) {
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  signal("SIGTERM");
  const late = setTimeout(() => signal("SIGKILL"), 5_000);
  await ended;
  clearTimeout(late);
}
