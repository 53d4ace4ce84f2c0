/** A host's side of a show in virtual time: what it refuses, what it holds, and what it does for a path that forgot. */
import assert from "node:assert/strict";
import type { LinkCount } from "../../core/link/link_agent.ts";
import type { ShowDocument } from "../../core/show/document.ts";
import { approvePlan, signShow } from "../../core/show/signed.ts";
import { TestKeys } from "../../core/show/testing.ts";
import { at, planOf } from "../seed/seed_world.ts";
import { ConsoleKilled, EVENT, ShowWorld } from "./show_world.ts";

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
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second], safe: [[1, 99]] });
  await director.issue("level", ["1"]);
  await director.issue("resources", ["5", SHA256, "http://depot"]);
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
    const signed = (over: Partial<ShowDocument>) => signShow({ ...next, ...over }, keys.director).bytes;
    switch (i % 15) {
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
      case 6: // of another event, with all that belongs to it
        return ["otherEvent", signShow(keys.approved({ ...next, event: "other" }), keys.director).bytes];
      case 7: // one person bans more than they may in a minute
        return ["mistaken", signed({ bans: bansOf(100, 21) })];
      case 8: // and everybody, as far as a document goes
        return ["mistaken", signed({ bans: bansOf(100, 2_001, 3_000) })];
      case 9: { // the same in the plan, approved by one alone
        const plan = { ...next.plan, revision: next.plan.revision + 1, bans: bansOf(100, 500) };
        return ["halfSigned", signed({ plan, approvals: [approvePlan({ ...next, plan }, keys.director)] })];
      }
      case 10: // a user whom nobody can ban
        return ["mistaken", signed({ bans: bansOf(i % 99 + 1, 1) })];
      case 11: // for longer than a ban lasts
        return [
          "mistaken",
          signed({ bans: [{ ...bansOf(100, 1)[0], untilMs: counts.issuedMs + 1e10 + i }] }),
        ];
      case 12: // a manifest that goes back
        return ["mistaken", signed({ resources: { ...counts.resources!, version: i % 4 + 1 } })];
      case 13: // another manifest of the same version
        return ["mistaken", signed({ resources: { ...counts.resources!, sha256: other(SHA256, i) } })];
      default: // a depot that no phone could reach
        return [
          "mistaken",
          signed({ resources: { ...counts.resources!, version: 6, where: [`ftp://${i}`] } }),
        ];
    }
  }
});

const SHA256 = "0123456789abcdef".repeat(4);

/** So many bans from a user on, each so long after the one before. */
function bansOf(first: number, count: number, apartMs = 0): ShowDocument["bans"] {
  return Array.from({ length: count }, (_, i) => {
    const sinceMs = 1_700_000_000_000 + i * apartMs;
    return { user: first + i, sinceMs, untilMs: sinceMs + 3_600_000, level: "out" };
  });
}

function other(sha256: string, i: number): string {
  return sha256.slice(0, -3) + String(i).padStart(3, "0");
}

Deno.test("a console that takes over has the bans, who is protected and the manifest; the first one's word is refused", async () => {
  using show = world();
  const { keys, links } = show;
  const first = show.console(keys.director);
  await first.issue("init", [], { waves: show.planned, approvers: [keys.second], safe: [[1, 99]] });
  await first.issue("resources", ["5", SHA256, "http://depot/"]);
  await first.issue("ban", ["100", "101"]);
  const many = Array.from({ length: 30 }, (_, i) => String(200 + i));
  await first.issue("mute", many, { approvers: [keys.second] });
  const before = links[0].agent!.active!.document;
  const second = show.console(keys.second);
  await second.issue("takeover");
  const after = links[0].agent!.active!.document;
  assert.deepEqual([after.bans, after.plan, after.resources], [before.bans, before.plan, before.resources]);
  assert.deepEqual([after.bans.length, after.plan.bans.length, after.plan.protected], [2, 30, [[1, 99]]]);
  assert.deepEqual(after.resources!.where, ["http://depot"]);
  for (
    const [action, operands] of [["unban", ["100"]], ["resources", ["6", SHA256, "http://other"]]] as const
  ) {
    await assert.rejects(first.do(action, operands), /taken over: 2\.1/);
  }
  await second.issue("unban", ["100"]);
  await show.pass(500);
  for (const { agent } of links) {
    assert.deepEqual(agent!.active!.document.bans.map(({ user }) => user), [101]);
  }
});

Deno.test("a mistake in a ban or a manifest is one line, at the console, and nothing goes out", async () => {
  using show = world();
  const { keys, links } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second], safe: [[1, 99]] });
  await director.issue("resources", ["5", SHA256, "http://depot"]);
  const { number } = links[0].agent!.newest!.document;
  const wrong: [string, string[], RegExp, object?][] = [
    ["ban", [], /^UserError: ban: give one or more users$/],
    ["ban", ["x"], /^UserError: ban: x: must be a user's number$/],
    ["mute", ["4294967296"], /^UserError: mute: 4294967296: must be a user's number$/],
    ["ban", ["50"], /^UserError: not done: bans: user 50 is protected: nobody can ban them$/],
    ["ban", ["100"], /^UserError: not done: bans\.0\.untilMs: must be after .*30 days at most$/, {
      forMs: 3e9,
    }],
    ["ban", ["100"], /^UserError: not done: bans\.0\.untilMs: must be after/, { forMs: 0 }],
    ["unban", ["100"], /^UserError: unban: 100: isn't banned$/],
    ["protect", ["9-1"], /^UserError: protect: 9-1: must be a user, or FIRST-LAST$/],
    ["protect", [], /^UserError: protect: give users, such as 7 or 100-199, or none$/],
    ["resources", ["5"], /^UserError: resources: give the manifest's version/],
    [
      "resources",
      ["4", SHA256, "http://depot"],
      /^UserError: resources: version 4 goes back: the show has 5/,
    ],
    ["resources", ["5", other(SHA256, 1), "http://depot"], /^UserError: resources: .* as version 5 already/],
    ["resources", ["6", SHA256, "depot"], /^UserError: not done: resources\.where\.0: must be a URL such as/],
    [
      "resources",
      ["6", SHA256, `http://${"x".repeat(114)}`],
      /^UserError: not done: resources\.where\.0: Too big/,
    ],
  ];
  for (const [action, operands, message, more] of wrong) {
    await assert.rejects(director.do(action, operands, more), (error) => {
      assert.match(String(error), message);
      assert.equal(String(error).split("\n").length, 1);
      return true;
    });
  }
  await show.pass(1_000);
  assert.equal(links[0].agent!.newest!.document.number, number);
  const { acknowledged } = await director.issue("resources", ["6", SHA256, "http://a", "http://b"]);
  assert.deepEqual(acknowledged.refused, []);
  // Back to what was before: all but the manifest, which never goes back.
  await director.issue("rollback");
  await show.pass(500);
  assert.equal(links[0].agent!.active!.document.resources!.version, 6);
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

Deno.test("a host that was down when a change began to count, or died as it did, plays it from its disk", async () => {
  using show = world();
  const { keys, links: [, host, other] } = show;
  const director = show.console(keys.director);
  await director.issue("init", [], { waves: show.planned, approvers: [keys.second] });
  const atMs = show.clock.wallMs() + 5_000;
  await director.issue("level", ["2"], { atMs });
  host.kill();
  other.apply = () => {
    throw new ConsoleKilled(); // the power is lost in the very moment
  };
  await assert.rejects(show.pass(6_000), ConsoleKilled);
  other.kill();
  other.apply = () => {};
  await show.pass(atMs + 1_000 - show.clock.wallMs());
  for (const network of show.networks) network.isDown = true;
  for (const link of [host, other]) {
    link.applied.length = 0;
    link.start();
    assert.deepEqual(link.applied.map(({ level }) => level), [2], "at once, and nothing before it");
  }
  // And again, now that another one waits.
  for (const network of show.networks) network.isDown = false;
  await show.pass(2_000);
  await director.issue("level", ["1"], { atMs: show.clock.wallMs() + 60_000 });
  for (const link of [host, other]) {
    link.kill();
    link.applied.length = 0;
    link.start();
    assert.deepEqual(link.applied.map(({ level }) => level), [2]);
    assert.equal(link.agent!.newest!.document.level, 1);
  }
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
