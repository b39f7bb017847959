// The long form of the test that mutates messages: 20,000 of them, with a seed of its own each time.
import { setup } from "./setup.mjs";
import { attempt, main, say, venvPython } from "./tools.mjs";

await main(async ([seed = String(Date.now() % 1_000_000), count = "20000"]) => {
  await setup();
  say(`${count} mutations of seed ${seed}`);
  const { status } = await attempt(
    venvPython,
    ["-m", "pytest", "-q", "tests/lsp/test_mutations.py"],
    {
      env: {
        ...process.env,
        BLANKCHECK_MUTATIONS: count,
        BLANKCHECK_SEED: seed,
      },
    },
  );
  return status;
});
