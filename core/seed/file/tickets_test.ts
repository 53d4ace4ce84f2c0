import assert from "node:assert/strict";
import { EVENT_MS, SMALL_PLAN, TestSet } from "../make/testing.ts";
import { SeedFile } from "./seed_file.ts";
import { SeedTickets, TicketWord } from "./tickets.ts";

Deno.test("a host's tickets lie wave by wave, its groups by their ids, and greetings know their sponsors' waves", () => {
  const greetings = [
    { sponsor: 2, resource: 1, ratePerS: 4, limit: 8 },
    { sponsor: 7, resource: 2, ratePerS: 4, limit: 8 },
  ];
  const plannedWaves = SMALL_PLAN.waves.map((wave, i) => i === 0 ? { ...wave, resource: 5 } : wave);
  using set = new TestSet({ ...SMALL_PLAN, greetings, waves: plannedWaves });
  using file = new SeedFile(set.path("host-a"));
  const tickets = new SeedTickets(file);
  const { waves, groups, firstId, count, hash } = tickets;
  assert.deepEqual([firstId, count, hash], [1, file.records, file.hash]);
  assert.deepEqual(
    waves.map(({ name, startMs, lengthMs, returnsLeftover, resource }) => [
      name,
      startMs,
      lengthMs,
      returnsLeftover,
      resource,
    ]),
    [
      ["early", EVENT_MS, 10_000, false, 5],
      ["late", EVENT_MS + 60_000, 5_000, true, undefined],
    ],
  );
  assert.equal(waves[0].firstTicket, 0);
  assert.equal(waves[1].firstTicket, waves[0].tickets);
  assert.equal(waves[0].tickets + waves[1].tickets, count);
  assert.deepEqual(
    groups.map(({ wave, sponsor, firstId, count, amountFen }) => [wave, sponsor, firstId, count, amountFen]),
    file.description.groups,
  );
  const waveOf = new Map(
    waves.flatMap(({ firstTicket, tickets }, wave) =>
      Array.from({ length: tickets }, (_, i) => [firstTicket + i, wave] as const)
    ),
  );
  for (let ticket = 0; ticket < count; ticket++) {
    const at = tickets.locate(ticket);
    assert.equal(tickets.words[at + TicketWord.sponsorAndWave] >>> 16, waveOf.get(ticket));
  }
  // The third sponsor takes part in the late wave alone.
  assert.deepEqual(tickets.greetings.map(({ sponsor, waves }) => [sponsor, waves]), [[2, [0, 1]], [7, [1]]]);
});

Deno.test("whoever reads the ledger says which tickets were awarded, each by its own bit", () => {
  using set = new TestSet();
  using file = new SeedFile(set.path("host-b"));
  const tickets = new SeedTickets(file);
  const bits = new Uint8Array(tickets.awarded);
  for (const place of [0, 7, 8, tickets.count - 1]) bits[place >>> 3] |= 1 << (place & 7);
  const awarded = Array.from({ length: tickets.count }, (_, i) => i).filter((i) =>
    tickets.wasAwarded(tickets.firstId + i)
  );
  assert.deepEqual(awarded, [0, 7, 8, tickets.count - 1]);
});
