/** A host's side of a show in virtual time: what it refuses, what it holds, and what it does for a path that forgot. */
import assert from "node:assert/strict";
import type { LinkCount } from "../../core/link/link_agent.ts";
import type { ShowDocument } from "../../core/show/document.ts";
import { approvePlan, signShow } from "../../core/show/signed.ts";
import { TestKeys } from "../../core/show/testing.ts";
import { at, planOf } from "../seed/seed_world.ts";
import { EVENT, ShowWorld } from "./show_world.ts";

const NO_FAULTS = { delayMs: 1, jitterMs: 5, lost: 0, repeated: 0 };
const PLAN = planOf(40, { waves: [{ name: "first", start: at(30), lengthS: 20 }] });

function world(seed = 1): ShowWorld {
  return new ShowWorld(PLAN, seed, NO_FAULTS, 2);
}

Deno.test("a thousand documents that don't count: none is applied, each is counted for what is wrong with it", async () => {
  using show = world();
  using strangers = new TestKeys();
  const { keys, links: [, host], networks, random } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  await director.issue("level", ["1"]);
  await show.pass(1_000);
  const counts = host.agent!.newest!.document;
  const applied = host.applied.length;
  const before = new Map(host.counts);
  const wanted: Partial<Record<LinkCount, number>> = {};
  for (let i = 0; i < 1_000; i++) {
    const [fault, bytes] = badDocument(i);
    wanted[fault] = (wanted[fault] ?? 0) + 1;
    // As a path brings it, whatever its own order is: the bus is nobody's guard.
    for (const one of networks[0].hub.buses) one.onValue(`${EVENT}.show`, bytes);
  }
  await show.pass(1_000);
  const grown = Object.fromEntries(
    Object.keys(wanted).map((fault) => [
      fault,
      (host.counts.get(fault as LinkCount) ?? 0) - (before.get(fault as LinkCount) ?? 0),
    ]),
  );
  assert.deepEqual(grown, wanted);
  assert.ok(Object.keys(wanted).length >= 6, Object.keys(wanted).join());
  assert.equal(host.applied.length, applied);
  assert.deepEqual(host.agent!.newest!.document, counts);

  function badDocument(i: number): [LinkCount, Uint8Array] {
    const next: ShowDocument = { ...counts, number: counts.number + 1 + i, level: 3 };
    const { bytes } = signShow(next, keys.director);
    switch (i % 7) {
      case 0: // somebody else signs, in the director's name
        return ["forged", signShow(next, strangers.director).bytes];
      case 1: { // a bit of the body turns
        const altered = Uint8Array.from(bytes);
        altered[random.below(bytes.lastIndexOf(0x0a))] ^= 1 << random.below(8);
        return ["forged", altered];
      }
      case 2: // an old one comes again
        return ["older", signShow({ ...counts, number: 1, level: i % 4, issuedMs: i }, keys.director).bytes];
      case 3: // cut off
        return ["damaged", bytes.subarray(0, 20 + i % (bytes.length - 100))];
      case 4: { // another plan, approved by one alone
        const plan = { ...next.plan, revision: next.plan.revision + 1 };
        const approvals = [approvePlan({ ...next, plan }, keys.director)];
        return ["halfSigned", signShow({ ...next, plan, approvals }, keys.director).bytes];
      }
      case 5: // signed and wrong
        return ["mistaken", signShow({ ...next, level: 7 }, keys.director).bytes];
      default: // of another event, with all that belongs to it
        return ["otherEvent", signShow(keys.approved({ ...next, event: "other" }), keys.director).bytes];
    }
  }
});

Deno.test("a document that one host can't play counts nowhere, and says where and why", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  links[2].check = () => ["wave first: this host has other tickets"];
  await assert.rejects(
    () => director.do("level", ["2"]),
    /host-2 refuses it: wave first: this host has other/,
  );
  await show.pass(2_000);
  for (const { agent } of links) assert.equal(agent!.active!.document.level, 0);
  links[2].check = () => [];
  await director.issue("level", ["2"]);
  await show.pass(500);
  for (const { agent } of links) assert.equal(agent!.active!.document.level, 2);
});

Deno.test("too few hosts that could play it: it doesn't count, and the missing ones are named", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  links[1].kill();
  await show.pass(8_000);
  await assert.rejects(() => director.do("level", ["2"]), /2 of 3 hosts.*Missing: host-1/);
  const { acknowledged } = await director.issue("hold");
  assert.deepEqual(acknowledged.missing, ["host-1"], "holding waits for nobody");
  assert.equal((await director.issue("level", ["2"], { quorumPercent: 50 })).prepared!.acked, 2);
  links[1].start();
  await show.pass(1_500);
  assert.equal(links[1].agent!.active!.document.level, 2, "who comes back has it at once");
});

Deno.test("a change counts at its time, at all hosts within a moment, and not before", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  const atMs = show.clock.wallMs() + 10_000;
  await director.issue("level", ["2"], { atMs });
  await assert.rejects(() => director.do("level", ["1"]), /waits for/);
  await show.pass(atMs - show.clock.wallMs() - 20);
  for (const { agent } of links) assert.equal(agent!.active!.document.level, 0);
  // A host that starts anew in between knows of it.
  links[1].kill();
  links[1].start();
  await show.pass(40);
  for (const { agent } of links) assert.equal(agent!.active!.document.level, 2);
});

Deno.test("what waits for its time is dropped by a rollback, and by a hold", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  for (const action of ["rollback", "hold"]) {
    const atMs = show.clock.wallMs() + 10_000;
    await director.issue("level", ["2"], { atMs });
    await director.issue(action);
    await show.pass(12_000);
    for (const { agent } of links) assert.equal(agent!.active!.document.level, 0, action);
  }
  await director.issue("level", ["2"]);
  await director.issue("rollback");
  await show.pass(500);
  for (const { agent } of links) assert.equal(agent!.active!.document.level, 0);
  assert.notEqual(links[0].agent!.active!.document.heldMs, null, "what was before it stands");
});

Deno.test("a clock that is off by more than a second holds its packets, and says so; one that is right again doesn't", async () => {
  using show = world();
  const { keys, links: [, host, other] } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  host.aheadMs = 900;
  await show.pass(6_000);
  assert.equal(host.isHolding, false);
  host.aheadMs = -1_500;
  await show.pass(6_000);
  assert.equal(host.isHolding, true);
  assert.equal(director.open.director.hosts.get("host-1")!.isHolding, true, "the director knows");
  assert.ok(Math.abs(director.open.director.hosts.get("host-1")!.clock!.behindMs - 1_500) < 30);
  assert.equal(other.isHolding, false);
  host.aheadMs = 100;
  await show.pass(6_000);
  assert.equal(host.isHolding, false);
  host.aheadMs = 5_000;
  await show.pass(6_000);
  assert.equal(host.isHolding, true);
  director.kill();
  await show.pass(60_000);
  assert.equal(host.isHolding, false, "who hears of no console isn't off");
});

Deno.test("a console whose own clock is off holds nobody, and knows it", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  // All hosts together are off, as seen from there.
  for (const link of links) link.aheadMs = 30_000;
  await show.pass(10_000);
  assert.ok(Math.abs(director.open.director.ownClockOffMs + 30_000) < 200);
  assert.deepEqual(links.map(({ isHolding }) => isHolding), links.map(() => false));
});

Deno.test("a path that has forgotten everything is given the show again by the hosts, without a console", async () => {
  using show = world();
  const { keys, links, networks } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  director.kill();
  for (const network of networks) network.hub.forget();
  await show.pass(15_000);
  const late = show.console(keys.second);
  await show.pass(2_000);
  assert.equal(late.open.director.newest?.hash, links[0].agent!.newest!.hash);
});

Deno.test("a host that loses every path goes on as it was told, also after a restart", async () => {
  using show = world();
  const { keys, links: [, host], networks } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  await director.issue("shift", ["+7s"]);
  await show.pass(500);
  for (const network of networks) network.isDown = true;
  host.kill();
  host.applied.length = 0;
  host.start();
  await show.pass(5_000);
  assert.deepEqual(host.applied.map(({ waves: [{ delayMs }] }) => delayMs), [7_000]);
});
