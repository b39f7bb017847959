// Opens the course in a VS Code: the desktop's, or one in the browser, with the packed extension.
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pack } from "./package.mjs";
import { prepareWorkspace, serve } from "./serve.mjs";
import { setup } from "./setup.mjs";
import { attempt, cacheFolder, main, onPath, Problem, run, say, windows } from "./tools.mjs";

const USAGE =
  "npm start -- [--browser] [--port N] [--workspace DIR]\n" +
  "  --browser        VS Code in the browser, even where the desktop's is installed\n" +
  "  --port N         its port (a free one)\n" +
  "  --workspace DIR  the folder to open, trusted by naming it here (~/blankcheck-workspace)";

await main(async (args) => {
  const { browser, port, workspace } = options(args);
  await setup();
  const vsix = await pack();
  mkdirSync(workspace, { recursive: true });
  const folder = prepareWorkspace(workspace);
  const code = browser ? undefined : onPath("code");
  if (code && (await openDesktop(code, vsix, folder))) return 0;
  if (!browser) say("there is no desktop VS Code to use, so it is opened in the browser.");
  say("starting VS Code …");
  const data = join(cacheFolder(), "browser");
  const { url, ended, stop } = await serve({ workspace: folder, data, vsix, port });
  say("open this in a browser; Ctrl+C ends it:");
  console.log(url);
  const status = await Promise.race([ended, interrupted().then(() => 0)]);
  await stop();
  return typeof status === "number" ? status : 1;
});

/** Resolves when this is to end: by a signal, or because npm, which started it, was ended by one that
    it did not pass on. */
function interrupted() {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, resolve);
    const parent = process.ppid;
    const byNpm = Boolean(process.env.npm_lifecycle_event);
    if (byNpm) setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  });
}

function options(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        browser: { type: "boolean", default: false },
        port: { type: "string" },
        workspace: { type: "string", default: join(homedir(), "blankcheck-workspace") },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    throw new Problem(`${error.message}\n${USAGE}`);
  }
  if (values.help) throw new Problem(USAGE);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new Problem(`--port ${values.port} is not a port.\n${USAGE}`);
  }
  // A relative folder is meant from where npm was called.
  const workspace = resolve(process.env.INIT_CWD ?? process.cwd(), values.workspace);
  return { browser: values.browser, port, workspace };
}

/** Installs and opens in the desktop's VS Code; false where that does not work. */
async function openDesktop(code, vsix, folder) {
  const shell = windows;
  const install = ["--install-extension", vsix, "--force"];
  const { status, output } = await attempt(code, install, { quiet: true, shell });
  if (status !== 0) {
    say(`\`code\` could not install the extension (${output.trim().split("\n").at(-1)}).`);
    return false;
  }
  await run(code, ["--new-window", folder], { shell });
  say(`opened ${folder} in VS Code; the courses are behind the tick in the activity bar.`);
  return true;
}
