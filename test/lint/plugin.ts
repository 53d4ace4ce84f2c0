/** The project's own lint rules, named in deno.json under `lint.plugins`. Each says what to do instead. */
import { noAmbient } from "./ambient.ts";
import { importBoundaries } from "./boundaries.ts";
import { rooms } from "./rooms.ts";
import { noTerminate, oneEntry } from "./workers.ts";

const plugin: Deno.lint.Plugin = {
  name: "redpkt",
  rules: {
    "import-boundaries": importBoundaries,
    "no-ambient": noAmbient,
    "no-terminate": noTerminate,
    "one-entry": oneEntry,
    "rooms": rooms,
  },
};

export default plugin;
