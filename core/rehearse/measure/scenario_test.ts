import assert from "node:assert/strict";
import { builtIn } from "../../../plugins/built_in.ts";
import type { Program } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";
import { RehearsedPlugins } from "../stage/plugins.ts";
import { completeScenario, loadScenario } from "./scenario.ts";

const program: Program = { ...builtIn, entry: "", command: ["redpkt"] };
const PHASE = { name: "p", seconds: 1, shakesPerS: 1 };

Deno.test("every threshold of the built-in scenarios is about something that is measured", async () => {
  for (const name of Object.keys(program.scenarios)) {
    assert.equal((await loadScenario(name, program)).phases.length > 0, true, name);
  }
});

Deno.test("all mistakes of a scenario are told at once, those in its thresholds too", async () => {
  const phases = [{
    ...PHASE,
    seconds: 0,
    thresholds: { p99Mss: { atMost: 1 }, claimsPaid: { atLeast: 1 } },
  }];
  const bad = () => Promise.resolve({ default: { name: "bad", about: "bad", users: 1, phases } });
  await assert.rejects(loadScenario("bad", { ...program, scenarios: { bad } }), ({ message }: UserError) => {
    assert.match(message, /phases\.0\.seconds/);
    assert.match(message, /thresholds\.p99Mss: nothing measures this\. Did you mean p99Ms\?/);
    assert.doesNotMatch(message, /claimsPaid: nothing/);
    return true;
  });
});

Deno.test("a rehearsal knows the plugins of its server: its flags count most, then the scenario, then the program", async () => {
  const scenario = completeScenario({
    name: "s",
    about: "s",
    users: 1,
    server: { flags: { plugins: "shake,send" } },
    phases: [PHASE],
  });
  const settings = async (flags: string[], of = scenario) =>
    Object.keys((await RehearsedPlugins.load(of, flags, program)).settings({ users: 10, shakesPerS: 1_000 }));
  const throttled = ["throttle.connectionPerS", "throttle.connectionBurst", "throttle.mostLevel"];
  assert.deepEqual(await settings([]), [], "without throttle nothing of it is set");
  assert.deepEqual(await settings(["--plugins", "shake", "--plugins=throttle,shake"]), throttled);
  assert.deepEqual(
    await settings([], completeScenario({ name: "s", about: "s", users: 1, phases: [PHASE] })),
    throttled,
  );
});

Deno.test("what no plugin of the server does is told as such", async () => {
  const scenario = completeScenario({ name: "s", about: "s", users: 1, phases: [PHASE] });
  const plugins = await RehearsedPlugins.load(scenario, ["--plugins=throttle"], program);
  const order = { ratePerS: 1, total: 1, minFen: 1, maxFen: 1 };
  const ask = () => Promise.reject(new Error("nobody is asked"));
  await assert.rejects(
    plugins.order("packets", ask, order),
    (error) =>
      error instanceof UserError && /asks for packets, and none .* does that: throttle$/.test(error.message),
  );
});
