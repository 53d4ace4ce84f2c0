/** What plugins say of a frame: it is admitted, refused with a time to come again, or dropped. */
import assert from "node:assert/strict";
import { ADMIT, definePlugin, DROP, refuseFor, z } from "../../core/plugin/plugin.ts";
import { Result } from "../../core/wire/codes.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import shake from "../../plugins/shake/mod.ts";
import { World } from "../sim/sim_world.ts";

/** A plugin that says of every frame what `say` holds, and how often it was asked. */
function sayer(name: string) {
  const says = { admission: ADMIT, asked: 0 };
  const plugin = definePlugin({
    name,
    config: z.strictObject({}),
    create: () => ({
      admit() {
        says.asked++;
        return says.admission;
      },
    }),
  });
  return { says, plugin };
}

function worldOf(...sayers: ReturnType<typeof sayer>[]): World {
  return new World({ plugins: [...sayers.map(({ plugin }) => ({ plugin })), { plugin: shake }] });
}

/** Shakes once; returns the result and in how many ms the next may come, or undefined if nobody answers. */
function shakeOnce(world: World): { result: number; retryMs: number } | undefined {
  const peer = world.connect().login1(1);
  world.until(() => peer.of(Opcode1.loginResult).length === 1);
  peer.shake1();
  world.pass(100);
  const [answer] = peer.of(Opcode1.shakeResult);
  return answer === undefined ? undefined : {
    result: answer.getUint32(frames.shakeResult.at.result),
    retryMs: answer.getUint32(frames.shakeResult.at.retryMs),
  };
}

Deno.test("a refused frame is answered with the time that its refuser has named, in whole ms", () => {
  const only = sayer("only");
  const world = worldOf(only);
  only.says.admission = refuseFor(12_345.1);
  assert.deepEqual(shakeOnce(world), { result: Result.overloaded, retryMs: 12_346 });
  assert.equal(world.total("framesRefused"), 1);
});

Deno.test("a refuser that names no time leaves it to whoever answers", () => {
  const only = sayer("only");
  const world = worldOf(only);
  const retryMs = (shake.config.parse({}) as { retryMs: number }).retryMs;
  only.says.admission = refuseFor(0);
  assert.deepEqual(shakeOnce(world), { result: Result.overloaded, retryMs });
});

Deno.test("the time of one refusal isn't told with the next", () => {
  const only = sayer("only");
  const world = worldOf(only);
  const retryMs = (shake.config.parse({}) as { retryMs: number }).retryMs;
  only.says.admission = refuseFor(60_000);
  assert.equal(shakeOnce(world)?.retryMs, 60_000);
  only.says.admission = refuseFor(0);
  assert.equal(shakeOnce(world)?.retryMs, retryMs);
});

Deno.test("a dropped frame is neither handled nor answered", () => {
  const only = sayer("only");
  const world = worldOf(only);
  only.says.admission = DROP;
  assert.equal(shakeOnce(world), undefined);
  assert.equal(world.total("framesDropped"), 1);
  assert.equal(world.total("shakeNothing") + world.total("shakeOverloaded"), 0);
});

Deno.test("the first plugin that doesn't admit counts, and those behind it aren't asked", () => {
  const [first, second] = [sayer("first"), sayer("second")];
  const world = worldOf(first, second);
  assert.notEqual(shakeOnce(world)?.result, Result.overloaded);
  const { asked } = second.says;
  assert.ok(asked > 0);
  first.says.admission = refuseFor(7_000);
  second.says.admission = DROP;
  assert.equal(shakeOnce(world)?.retryMs, 7_000);
  assert.equal(second.says.asked, asked);
});

Deno.test("a refusal is a small whole number from 1 on, whatever the wait", () => {
  for (const [ms, said] of [[0, 1], [-3, 1], [0.2, 1], [1.5, 2], [Infinity, 1_000_000_000]]) {
    assert.equal(refuseFor(ms), said);
  }
});
