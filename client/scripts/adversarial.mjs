// Every hostile submission at every level of containment, as a table; see docs/containment.md.
import { setup } from "./setup.mjs";
import { attempt, main, venvPython } from "./tools.mjs";

await main(async (args) => {
  await setup();
  return (await attempt(venvPython, ["-m", "tests.adversarial", ...args])).status;
});
