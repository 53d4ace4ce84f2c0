import assert from "node:assert/strict";
import { type PartyNews, phaseAt } from "./party_news.ts";
import {
  type Effect,
  FIRST_STATE,
  type PageEvent,
  type PageState,
  screenAt,
  SHAKE_REST_MS,
  step,
  waveOf,
} from "./page_state.ts";

/** The host's clock is an hour ahead of the phone's. */
const AHEAD_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;

const NEWS: PartyNews = {
  version: 1,
  party: "p",
  name: "Evening",
  sponsors: ["Tea"],
  resources: "",
  hasList: false,
  hostMs: NOW_MS + AHEAD_MS,
  phase: "wave",
  wave: 1,
  waves: 2,
  startMs: NOW_MS + AHEAD_MS - 1_000,
  endMs: NOW_MS + AHEAD_MS + 60_000,
  guests: 2,
  online: 2,
  packetsLeft: 10,
  leftFen: 1_000,
  packetsWon: 0,
  wonFen: 0,
  perGuest: 3,
};

/** Plays events after each other; `at` moves the phone's clock. */
class Play {
  state: PageState = FIRST_STATE;
  effects: Effect[] = [];
  nowMs = NOW_MS;

  take(...events: readonly PageEvent[]): this {
    for (const event of events) {
      const [state, effects] = step(this.state, event, this.nowMs);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  get screen() {
    return screenAt(this.state, this.nowMs);
  }

  count(kind: Effect["kind"]): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }
}

function inWave(): Play {
  return new Play().take(
    { kind: "joined", name: "Ann" },
    { kind: "news", news: NEWS },
    { kind: "link", link: "online" },
  );
}

Deno.test("the screens follow the host's clock, without being told that a countdown or a wave is over", () => {
  const play = new Play();
  assert.equal(play.screen, "door");
  assert.equal(play.take({ kind: "joined", name: "Ann" }).screen, "waiting");
  const soon = { ...NEWS, phase: "countdown" as const, startMs: NEWS.hostMs + 5_000 };
  assert.equal(play.take({ kind: "news", news: soon }).screen, "countdown");
  assert.equal(play.pass(4_999).screen, "countdown");
  assert.equal(play.pass(1).screen, "shake");
  assert.equal(play.pass(55_000).screen, "rest");
  assert.equal(
    phaseAt({ ...NEWS, phase: "paused" }, NEWS.hostMs + 1e9),
    "paused",
    "a pause moves the end on",
  );
});

Deno.test("with a cue the screens follow it, whatever the news still say, and without a connection the news again", () => {
  // The server's own clock, which is neither the phone's nor the host's.
  const offsetMs = 77_000;
  const planned = (inMs: number, wave = 1) => ({
    kind: "cue" as const,
    cue: {
      state: "planned" as const,
      wave,
      resource: 0,
      startMs: NOW_MS + offsetMs + inMs,
      lengthMs: 30_000,
    },
    offsetMs,
  });
  const held = { kind: "cue" as const, cue: { ...planned(0).cue, state: "held" as const }, offsetMs };
  const play = new Play().take(
    { kind: "joined", name: "Ann" },
    { kind: "news", news: { ...NEWS, phase: "lobby", startMs: null, endMs: null } },
    { kind: "link", link: "online" },
    planned(5_000),
  );
  assert.equal(play.screen, "countdown");
  assert.deepEqual(waveOf(play.state), { wave: 1, startMs: NOW_MS + 5_000, endMs: NOW_MS + 35_000 });
  assert.equal(play.pass(5_000).screen, "shake");
  assert.equal(play.take({ kind: "shake" }).count("askShake"), 1, "the news needn't say that the wave is on");
  assert.equal(play.take({ kind: "news", news: NEWS }, held).screen, "paused");
  assert.equal(
    play.take({ kind: "news", news: { ...NEWS, phase: "rest" } }).screen,
    "rest",
    "it was cut short",
  );
  assert.equal(
    play.take({ kind: "news", news: NEWS }, planned(9e9, 2)).screen,
    "rest",
    "the next isn't called",
  );
  assert.equal(play.take(planned(9e9)).screen, "lobby");
  assert.equal(play.take(planned(-10_000)).screen, "shake");
  assert.equal(play.pass(25_000).screen, "rest", "it is over by itself");
  assert.equal(play.take({ kind: "news", news: { ...NEWS, phase: "closing" } }).screen, "closing");
  play.take({ kind: "news", news: { ...NEWS, hostMs: play.nowMs + AHEAD_MS } }, {
    kind: "link",
    link: "waiting",
  });
  assert.equal(play.screen, "shake", "the news say when the cue is gone");
});

Deno.test("a shake asks once, and again only after its answer and a rest", () => {
  const play = inWave().take({ kind: "shake" }, { kind: "shake" });
  assert.equal(play.count("askShake"), 1);
  play.pass(SHAKE_REST_MS).take({ kind: "shake" });
  assert.equal(play.count("askShake"), 1, "the first has no answer yet");
  play.take({ kind: "answer", answer: "nothing" }, { kind: "shake" });
  assert.equal(play.count("askShake"), 2);
  play.take({ kind: "answer", answer: "nothing" }).pass(SHAKE_REST_MS - 1).take({ kind: "shake" });
  assert.equal(play.count("askShake"), 2, "too soon");
});

Deno.test("nobody shakes at the door, in a countdown, in a rest, in a pause, or without a connection", () => {
  for (const phase of ["lobby", "countdown", "paused", "rest", "closing", "ended"] as const) {
    const startMs = NEWS.hostMs + 1_000;
    const play = inWave().take({ kind: "news", news: { ...NEWS, phase, startMs } }, { kind: "shake" });
    assert.equal(play.count("askShake"), 0, phase);
  }
  const offline = inWave().take({ kind: "link", link: "waiting" }, { kind: "shake" });
  assert.equal(offline.count("askShake"), 0);
  assert.equal(new Play().take({ kind: "news", news: NEWS }, { kind: "shake" }).count("askShake"), 0);
});

Deno.test("a lost connection ends the waiting for an answer, so that the next shake asks again", () => {
  const play = inWave().take({ kind: "shake" }, { kind: "link", link: "waiting" });
  play.pass(SHAKE_REST_MS).take({ kind: "link", link: "online" }, { kind: "shake" });
  assert.equal(play.count("askShake"), 2);
});

Deno.test("a packet is told once, lies over everything, and is open only when the host says so", () => {
  const won = { kind: "won", packetId: 7, amountFen: 388 } as const;
  const play = inWave().take({ kind: "shake" }, won);
  assert.deepEqual(play.state.packets, [{ packetId: 7, amountFen: 388, seal: "sealed" }]);
  play.pass(SHAKE_REST_MS).take(won, { kind: "shake" });
  assert.equal(play.state.packets.length, 1, "told again after a login");
  assert.equal(play.count("askShake"), 1, "no shake under a packet");
  play.take({ kind: "open" }, { kind: "open" });
  assert.equal(play.count("askOpen"), 1);
  assert.equal(play.state.packets[0].seal, "opening");
  play.take({ kind: "openFailed", packetId: 7, isLate: false });
  assert.equal(play.state.packets[0].seal, "sealed", "it can be opened again");
  const opened = { kind: "opened", packetId: 7, amountFen: 388 } as const;
  play.take({ kind: "open" }, opened, opened);
  assert.equal(play.state.packets[0].seal, "open");
  assert.equal(play.effects.filter((one) => one.kind === "feel" && one.what === "opened").length, 1);
  assert.equal(play.take({ kind: "next" }).state.shownPacket, 0);
});

Deno.test("a sponsor's greeting is an answer that names them, until the next", () => {
  const play = inWave().take({ kind: "shake" }, { kind: "answer", answer: "greeting", sponsor: 2 });
  assert.deepEqual([play.state.answer, play.state.sponsor, play.state.isAsking], ["greeting", 2, false]);
  play.pass(SHAKE_REST_MS).take({ kind: "shake" }, { kind: "answer", answer: "nothing" });
  assert.deepEqual([play.state.answer, play.state.sponsor], ["nothing", 0]);
});

Deno.test("several packets come one after the other", () => {
  const play = inWave().take(
    { kind: "won", packetId: 1, amountFen: 1 },
    { kind: "won", packetId: 2, amountFen: 2 },
    { kind: "open" },
    { kind: "opened", packetId: 1, amountFen: 1 },
    { kind: "next" },
  );
  assert.equal(play.state.shownPacket, 2);
  assert.equal(play.take({ kind: "next" }).state.shownPacket, 0);
});

Deno.test("a packet that was opened too late says so, and isn't asked for again", () => {
  const play = inWave().take(
    { kind: "won", packetId: 1, amountFen: 1 },
    { kind: "open" },
    { kind: "openFailed", packetId: 1, isLate: true },
    { kind: "open" },
  );
  assert.deepEqual([play.state.packets[0].seal, play.count("askOpen")], ["late", 1]);
});
