// Builds what the extension is made of: the client in one file, the server's packages beside it,
// and a NOTICE with the licences of all that is not ours.
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { root, run, venvPython } from "./tools.mjs";

const bundled = join(root, "bundled");
const libs = join(bundled, "libs");

/** Builds the client and, where they are not there yet, the server's packages. */
export async function build() {
  const modules = await client();
  await serverPackages();
  writeFileSync(join(bundled, "NOTICE"), notice(modules));
}

/** Bundles the client; returns the folders of the npm packages that went into it. */
async function client() {
  const { build: bundle } = await import("esbuild");
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: ["client/src/extension.ts"],
    outfile: "dist/extension.js",
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
    minify: true,
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [],
  );
  return [...new Set(packages)].sort();
}

/** Fills `bundled/libs`, unless it was filled from the same list. */
async function serverPackages() {
  const list = join(root, "client", "bundled.txt");
  const stamp = join(bundled, "stamp");
  const wanted = createHash("sha256").update(readFileSync(list)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(bundled, { recursive: true, force: true });
  mkdirSync(libs, { recursive: true });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const pure = ["--implementation", "py", "--platform", "any", "--abi", "none"];
  const only = ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"];
  const oldest = ["--python-version", "3.10"];
  await run(venvPython, [...pip, ...pure, ...only, ...oldest, "--target", libs, "-r", list], {
    quiet: true,
  });
  await pureYaml();
  writeFileSync(stamp, wanted);
}

/** PyYAML has no pure-Python wheel, but works without its compiled half. */
async function pureYaml() {
  const where = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const site = (await run(venvPython, ["-c", where], { quiet: true })).trim();
  const parts = readdirSync(site).filter((name) => /^(yaml|pyyaml-.*\.dist-info)$/i.test(name));
  for (const part of parts) {
    cpSync(join(site, part), join(libs, part), {
      recursive: true,
      filter: (file) => !/(__pycache__|\.(so|pyd|pyc))$/.test(file),
    });
  }
}

/** The licences of the packages inside, each under its name. */
function notice(modules) {
  const sections = [];
  for (const folder of modules) {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    sections.push(section(`${name} ${version}`, join(root, folder)));
  }
  for (const entry of readdirSync(libs).sort()) {
    const match = /^(.+)-(.+)\.dist-info$/.exec(entry);
    if (match) sections.push(section(`${match[1]} ${match[2]}`, join(libs, entry)));
  }
  return `Blankcheck contains these packages, under their own licences.\n\n${sections.join("\n")}`;
}

function section(title, folder) {
  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .filter((entry) => !entry.parentPath.slice(folder.length).includes("node_modules"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").trim());
  if (texts.length === 0) throw new Error(`${title} comes without a licence: ${folder}`);
  return `${"=".repeat(80)}\n${title}\n\n${texts.join("\n\n")}\n`;
}
