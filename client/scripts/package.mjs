// Packs the extension: one VSIX for every system.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { setup } from "./setup.mjs";
import { installed, isMain, main, root, run, say } from "./tools.mjs";

export const vsix = join(root, "build", "blankcheck.vsix");

/** Builds and packs; returns where the VSIX is. */
export async function pack() {
  say("building and packing the extension …");
  await build();
  mkdirSync(join(root, "build"), { recursive: true });
  const vsce = installed("@vscode/vsce", "vsce");
  const flags = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links"];
  await run(process.execPath, [vsce, "package", ...flags, "--out", vsix], { quiet: true });
  return vsix;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await pack();
    say(`packed ${vsix} (${Math.round(statSync(vsix).size / 1024)} KB)`);
  });
}
