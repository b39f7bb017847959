// Mends what `npm run check` complains of, as far as the tools can.
import { fix } from "./check.mjs";
import { main } from "./tools.mjs";

await main(fix);
