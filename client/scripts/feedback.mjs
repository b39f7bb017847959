// The feedback corpus as a table: what learners write, what they are told, and what falls short.
import { setup } from "./setup.mjs";
import { attempt, main, venvPython } from "./tools.mjs";

await main(async () => {
  await setup();
  const table = ["-m", "tests.feedback.table", ...process.argv.slice(2)];
  return (await attempt(venvPython, table)).status;
});
