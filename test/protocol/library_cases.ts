/** The kit against the library, as one bundle for runtimes other than Deno: it gets the examples, and gives the result. */
import { clientCases, type ExampleFrame, runCases } from "./client_conformance.ts";
import { LIBRARY } from "./library_client.ts";

const scope = globalThis as { runLibraryCases?: (examples: ExampleFrame[]) => ReturnType<typeof runCases> };

scope.runLibraryCases = (examples) => runCases(clientCases({ ...LIBRARY, examples }));
