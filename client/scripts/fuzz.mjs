// The long forms of the tests that say what no client would: 20,000 messages that are mutated, and 500
// courses of events against a model, with a seed of their own each time.
import { setup } from "./setup.mjs";
import { attempt, main, say, venvPython } from "./tools.mjs";

await main(async ([seed = String(Date.now() % 1_000_000), count = "20000", courses = "500"]) => {
  await setup();
  say(`${count} mutations and ${courses} courses of events of seed ${seed}`);
  const tests = ["tests/lsp/test_mutations.py", "tests/lsp/test_model.py"];
  const { status } = await attempt(
    venvPython,
    ["-m", "pytest", "-q", "-rP", `--hypothesis-seed=${seed}`, ...tests],
    {
      env: {
        ...process.env,
        BLANKCHECK_MUTATIONS: count,
        BLANKCHECK_MODEL: courses,
        BLANKCHECK_SEED: seed,
      },
    },
  );
  return status;
});
