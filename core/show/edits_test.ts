import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../base/user_error.ts";
import { allBans, documentProblems, type ShowDocument, showSchema, showWaves } from "./document.ts";
import {
  banned,
  contentOf,
  cut,
  difference,
  documentOf,
  firstContent,
  gone,
  held,
  levelled,
  protecting,
  rolledBack,
  shifted,
  type ShowContent,
  unbanned,
} from "./edits.ts";
import { testShow } from "./testing.ts";

const AT_MS = 1_700_000_000_000;
const S = 1_000;

function starts(content: ShowContent): number[] {
  return waves(content).map(({ startMs }) => (startMs - AT_MS) / S);
}

function waves(content: ShowContent) {
  return showWaves(whole(content));
}

function whole(content: ShowContent): ShowDocument {
  return documentOf(content, { epoch: 1, number: 1, issuedMs: AT_MS, activateMs: AT_MS, approvals: [] });
}

const begin = () => contentOf(testShow({}, AT_MS));

Deno.test("a held show goes on as it was, later: waves that had not begun keep their distances", () => {
  const at = AT_MS + 120 * S; // the first wave plays since 20 s
  const still = held(begin(), undefined, at);
  assert.deepEqual(waves(still).map(({ pausedMs }) => pausedMs), [at, at]);
  assert.deepEqual(starts(gone(still, undefined, at + 30 * S)), [130, 230]);
});

Deno.test("what was over when the show was held stays where it was", () => {
  const still = held(begin(), undefined, AT_MS + 160 * S);
  assert.deepEqual(starts(gone(still, undefined, AT_MS + 170 * S)), [100, 210]);
});

Deno.test("a wave that needs a go begins when it comes, and never before its plan", () => {
  const plan = testShow({}, AT_MS).plan.waves.map((wave) => ({ ...wave, needsGo: wave.name === "first" }));
  const armed = firstContent("gala", plan);
  assert.deepEqual(waves(armed).map(({ isArmed }) => isArmed), [true, false]);
  assert.deepEqual(starts(gone(armed, "first", AT_MS + 107 * S)), [107, 200]);
  assert.deepEqual(starts(gone(armed, "first", AT_MS + 90 * S)), [100, 200]);
  assert.equal(waves(gone(armed, "first", AT_MS + 90 * S))[0].pausedMs, undefined);
});

Deno.test("one wave that was held goes on where it stood", () => {
  const still = held(begin(), "first", AT_MS + 110 * S);
  assert.deepEqual(starts(gone(still, "first", AT_MS + 115 * S)), [105, 200]);
  const before = held(begin(), "first", AT_MS + 50 * S);
  assert.deepEqual(starts(gone(before, "first", AT_MS + 60 * S)), [100, 200]);
  assert.deepEqual(starts(gone(before, "first", AT_MS + 104 * S)), [104, 200]);
});

Deno.test("a shift moves what has not begun; back it goes only as far as it came", () => {
  const later = shifted(begin(), undefined, 40 * S, AT_MS + 110 * S);
  assert.deepEqual(starts(later), [100, 240]);
  assert.equal(later.plan.revision, 1);
  const back = shifted(later, undefined, -40 * S, AT_MS + 110 * S);
  assert.deepEqual(starts(back), [100, 200]);
  assert.equal(back.plan.revision, 1);
  const early = shifted(later, "second", -50 * S, AT_MS);
  assert.deepEqual(starts(early), [100, 190]);
  assert.equal(early.plan.revision, 2, "earlier than planned is another plan");
});

Deno.test("a cut is another plan, and taking it back is one more", () => {
  const first = begin();
  const without = cut(first, "second");
  assert.deepEqual([without.plan.revision, waves(without)[1].isCut], [2, true]);
  const back = rolledBack(without, first);
  assert.deepEqual([back.plan.revision, waves(back)[1].isCut], [3, false]);
  assert.equal(rolledBack(levelled(first, 2), first).plan.revision, 1);
});

const NOBODY = Array.from({ length: 20 }, (_, i) => 100 + i);
const HOUR = { level: "out", untilMs: AT_MS + 3_600 * S } as const;

Deno.test("one person bans 20 users a minute; more is another plan, and so is taking that back", () => {
  const some = banned(begin(), NOBODY, HOUR, AT_MS);
  assert.deepEqual([some.plan.revision, some.bans.length], [1, 20]);
  const again = banned(some, NOBODY.slice(0, 5), { ...HOUR, level: "mute" }, AT_MS + S);
  assert.deepEqual([again.plan.revision, again.bans.length], [1, 20], "the same ones are no more");
  const more = banned(some, [7], HOUR, AT_MS + 59 * S);
  assert.deepEqual([more.plan.revision, more.plan.bans.map(({ user }) => user), more.bans.length], [
    2,
    [7],
    20,
  ]);
  assert.deepEqual(difference(some, more), ["1 user out: 7"]);
  assert.equal(banned(some, [7], HOUR, AT_MS + 60 * S).plan.revision, 1, "a minute later");
  const all = banned(begin(), Array.from({ length: 300 }, (_, i) => i), HOUR, AT_MS);
  assert.deepEqual([all.plan.revision, all.plan.bans.length, all.bans.length], [2, 300, 0]);
  assert.deepEqual(unbanned(more, [100]).plan.revision, 2);
  const back = unbanned(more, [7, 101]);
  assert.deepEqual([back.plan.revision, back.plan.bans.length, back.bans.length], [3, 0, 19]);
  assert.deepEqual(difference(more, back), ["2 users not banned any more: 7, 101"]);
  const late = banned(more, [8], HOUR, AT_MS + 3_600 * S);
  assert.deepEqual(allBans(late).map(({ user }) => user), [7, 8], "what is over goes");
  assert.equal(
    rolledBack(more, some).plan.revision,
    3,
    "nor does a rollback let out alone whom two have banned",
  );
});

Deno.test("who is protected can't be banned, and only two persons say who is", () => {
  const safe = protecting(banned(begin(), [7, 8], HOUR, AT_MS), [[8, 20]]);
  assert.deepEqual([safe.plan.revision, safe.bans.map(({ user }) => user)], [2, [7]]);
  const problems = documentProblems(whole(banned(safe, [9], HOUR, AT_MS)));
  assert.deepEqual(problems, ["bans: user 9 is protected: nobody can ban them"]);
  assert.deepEqual(documentProblems(whole(safe)), []);
  assert.equal(protecting(safe, []).plan.revision, 3);
});

Deno.test("what can't be done says why, and what can", () => {
  const show = begin();
  const wrong: [() => unknown, RegExp][] = [
    [() => gone(show, undefined, AT_MS), /isn't held/],
    [() => gone(show, "first", AT_MS), /nothing to go on with/],
    [() => gone(held(show, "second", AT_MS), undefined, AT_MS), /redpkt show go second/],
    [() => held(held(show, undefined, AT_MS), undefined, AT_MS), /held already/],
    [() => gone(held(held(show, "first", AT_MS), undefined, AT_MS), "first", AT_MS), /first redpkt show go/],
    [() => cut(show, "third"), /there is no wave third: first, second/],
    [() => shifted(show, undefined, S, AT_MS + 1_000 * S), /every wave has begun/],
    [() => levelled(show, 0), /already/],
    [() => unbanned(show, [3, 4]), /^unban: 3: isn't banned\nunban: 4: isn't banned$/],
  ];
  for (const [edit, message] of wrong) {
    assert.throws(edit, (error) => error instanceof UserError && message.test(error.message));
  }
});

Deno.test("a difference names what changes and nothing else", () => {
  const show = begin();
  assert.deepEqual(difference(show, show), []);
  assert.deepEqual(difference(show, shifted(show, "second", 40 * S, AT_MS)), ["second: begins 40 s later"]);
  assert.deepEqual(difference(show, levelled(cut(show, "first"), 2)), ["first: is cut", "level 0 to 2"]);
});

Deno.test("whatever one person does only delays: no wave begins, ends or gives more than two have agreed to", () => {
  const name = fc.constantFrom(undefined, "first", "second");
  const step = fc.record({
    kind: fc.constantFrom("hold" as const, "go" as const, "shift" as const, "level" as const),
    name,
    ms: fc.integer({ min: -100_000, max: 100_000 }),
    passMs: fc.nat(60_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const first = begin();
      let content = first;
      let nowMs = AT_MS;
      for (const { kind, name, ms, passMs } of steps) {
        nowMs += passMs;
        try {
          const next = kind === "hold"
            ? held(content, name, nowMs)
            : kind === "go"
            ? gone(content, name, nowMs)
            : kind === "shift"
            ? shifted(content, name, ms, nowMs)
            : levelled(content, ms & 3);
          // Only that is for one person alone.
          if (next.plan.revision === content.plan.revision) content = next;
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
        assert.ok(showSchema.safeParse(whole(content)).success);
        assert.deepEqual(content.plan, first.plan);
        waves(content).forEach(({ startMs, lengthMs }, i) => {
          assert.ok(startMs >= first.plan.waves[i].startMs);
          assert.equal(lengthMs, first.plan.waves[i].lengthMs);
        });
      }
    }),
    { seed: 20270206, numRuns: 300 },
  );
});
