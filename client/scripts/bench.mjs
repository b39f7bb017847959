// Measures how fast Blankcheck is beside what it is compared with; see docs/performance.md.
import { setup } from "./setup.mjs";
import { attempt, main, venvPython } from "./tools.mjs";

await main(async (args) => {
  await setup();
  const { status } = await attempt(venvPython, ["tests/bench", ...args]);
  return status;
});
