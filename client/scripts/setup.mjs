// Makes a checkout ready: npm's packages, and `.venv` with the package, torch and torchvision.
// What was done is noted by a hash of what it was done for, so that a second run has nothing to do,
// and a run that was interrupted is taken up again.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, isMain, main, npm, Problem, root, run, say, venv, venvPython } from "./tools.mjs";

const OLDEST = [3, 10];
const TORCH = ["torch>=2.9", "torchvision", "debugpy>=1.8,<2"];
const TORCH_READY =
  "import debugpy, torch, torchvision; " +
  "assert tuple(map(int, torch.__version__.split('.')[:2])) >= (2, 9)";

/** Sets up what is missing or stale; returns whether there was anything to do. */
export async function setup() {
  const packages = await once(join(root, "node_modules", ".setup-stamp"), npmPackages, [
    "package-lock.json",
  ]);
  const python = await once(join(venv, ".setup-stamp"), environment, [
    "pyproject.toml",
    "client/scripts/setup.mjs",
  ]);
  return packages || python;
}

/** Does the work unless its stamp says that it was done for these very files. */
async function once(stamp, work, files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(root, file)));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return false;
  rmSync(stamp, { force: true });
  await work();
  writeFileSync(stamp, wanted);
  return true;
}

async function npmPackages() {
  say("installing the npm packages …");
  await npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

async function environment() {
  // An environment that was only half made has no pip.
  if (!(await works(venvPython, "import pip"))) {
    const python = await findPython();
    say(`making .venv with ${python.join(" ")} …`);
    rmSync(venv, { recursive: true, force: true });
    await run(python[0], [...python.slice(1), "-m", "venv", venv]).catch((error) => {
      throw new Problem(
        `${error.message}\nOn Debian and Ubuntu, venv is a package of its own: apt install python3-venv.`,
      );
    });
  }
  const pip = ["-m", "pip", "install", "--disable-pip-version-check"];
  say("installing the server and what its tests need into .venv …");
  await run(venvPython, [...pip, "--quiet", "-e", ".[dev]"]);
  if (await works(venvPython, TORCH_READY)) return;
  say("installing torch and torchvision into .venv; with CUDA they are some gigabytes …");
  await run(venvPython, [...pip, ...TORCH]);
  if (!(await works(venvPython, TORCH_READY))) {
    throw new Problem(
      "torch is installed in .venv, but cannot be imported; remove .venv and run `npm run setup` again.",
    );
  }
}

/** Whether this Python is there, new enough, and runs this line. */
async function works(command, line = "", args = []) {
  const code = `import sys, venv, ensurepip; assert sys.version_info >= (${OLDEST.join(", ")}); ${line}`;
  const { status } = await attempt(command, [...args, "-c", code], { quiet: true });
  return status === 0;
}

/** The command of a Python that can make the environment. */
export async function findPython() {
  const candidates = [
    ["python3"],
    ...["3.13", "3.14", "3.12", "3.11", "3.10"].map((version) => [`python${version}`]),
    ["python"],
    ["py", "-3"],
  ];
  for (const [command, ...args] of candidates) {
    if (await works(command, "", args)) return [command, ...args];
  }
  throw new Problem(
    `Python ${OLDEST.join(".")} or newer with its venv module is needed, and none was found on the path. ` +
      "Install it (Debian and Ubuntu: apt install python3 python3-venv), then run this again.",
  );
}

if (isMain(import.meta.url)) {
  await main(async () => {
    if (await setup()) say("set up; `npm start` opens the course.");
    else say("nothing to do: already set up.");
  });
}
