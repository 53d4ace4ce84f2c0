/** One kit for every client of the protocol: a fleet's frames, and the library in Deno, Node and a browser. */
import assert from "node:assert/strict";
import { browserPath, launchBrowser, tellNoBrowser } from "../monitor/browser.ts";
import { clientCases } from "./client_conformance.ts";
import { documentExamples } from "./document_examples.ts";
import { FLEET } from "./fleet_client.ts";
import { LIBRARY } from "./library_client.ts";

const examples = documentExamples();
const BUNDLED = new URL("./library_cases.ts", import.meta.url).pathname;
const CASES = 30;

for (const [client, options] of Object.entries({ "a fleet": FLEET, "the library": LIBRARY })) {
  for (const { name, run } of clientCases({ ...options, examples })) {
    Deno.test(`${client}: ${name}`, run);
  }
}

Deno.test("the kit finds a client that does it wrong", async () => {
  const deaf = { ...FLEET, make: () => Object.assign(FLEET.make(), { receive: () => {} }) };
  const cases = clientCases({ ...deaf, examples });
  let failed = 0;
  for (const { run } of cases) await run().catch(() => failed++);
  assert.ok(failed > CASES / 2, `${failed}`);
});

/** The kit and the library in one file of plain JavaScript. */
async function bundle(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", BUNDLED],
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function check({ ran, failures }: { ran: number; failures: string[] }): void {
  assert.deepEqual(failures, []);
  assert.ok(ran >= CASES, `${ran} cases`);
}

const CALL = `runLibraryCases(${JSON.stringify(examples)})`;

async function hasNode(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return Number(/^v(\d+)/.exec(new TextDecoder().decode(stdout))?.[1]) >= 18;
  } catch {
    console.log("no node found: the kit isn't run there");
    return false;
  }
}

Deno.test({
  name: "the library passes in Node",
  ignore: !await hasNode(),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${folder}/kit.mjs`,
        `${await bundle()}\nconsole.log(JSON.stringify(await ${CALL}));`,
      );
      const { stdout, stderr } = await new Deno.Command("node", { args: [`${folder}/kit.mjs`] }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      check(JSON.parse(new TextDecoder().decode(stdout)));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

tellNoBrowser();
Deno.test({
  name: "the library passes in Chromium",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ type: "module", content: await bundle() });
      await page.waitForFunction("globalThis.runLibraryCases !== undefined");
      check(await page.evaluate(CALL));
    } finally {
      await browser.close();
    }
  },
});
