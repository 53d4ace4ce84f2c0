/** Which benches make up the figures that are quoted, how they are run, and what each of their figures is called there. */

/** A figure of a bench and what it says to readers. */
export interface Pick {
  /** Its name in the bench's own result. */
  readonly figure: string;
  readonly what: string;
}

export interface Source {
  readonly id: string;
  /** As readers run it. */
  readonly command: string;
  /** The module and its flags, in full and quick. */
  readonly module: string;
  readonly full: readonly string[];
  /** Absent: left out of the quick run. */
  readonly quick?: readonly string[];
  readonly picks: readonly Pick[];
}

/** By the rate: what a million users, or fewer, see. */
function shakes(who: string, perS: number): Pick[] {
  const words = `${who}, ${perS.toLocaleString("en-US")} shakes a second`;
  return [
    { figure: `p99 at ${perS}/s`, what: `${words}, every one answered: p99` },
    { figure: `server CPU a shake at ${perS}/s`, what: `${words}: server CPU a shake` },
  ];
}

const FLOOR = [
  ...["fixed", "rotate", "open"].flatMap((mode): Pick[] => [
    {
      figure: `redpkt uring, ${mode}: CPU a shake, against a bare C server's`,
      what: `CPU a shake against a bare C server that decides nothing, load \`${mode}\``,
    },
    {
      figure: `redpkt uring, ${mode}: C against itself`,
      what: `the same bare C server against itself, load \`${mode}\``,
    },
  ]),
  { figure: "redpkt uring, open: p50", what: "30,000 shakes a second of 15,000 users, one worker: p50" },
];

export const SOURCES: readonly Source[] = [
  {
    id: "set",
    command: "deno bench -A bench/set_bench.ts",
    module: "bench/set_bench.ts",
    full: ["5"],
    quick: ["2"],
    picks: [{
      figure: "shakes decided in a SET",
      what: "shakes decided in a SET, without a network, one core",
    }],
  },
  {
    id: "floor",
    command: "deno task bench:floor --engine uring",
    module: "bench/floor.ts",
    full: ["--engine", "uring", "--pairs", "3", "--seconds", "2"],
    quick: ["--engine", "uring", "--pairs", "1", "--seconds", "2"],
    picks: FLOOR,
  },
  {
    id: "gala",
    command: "deno task bench:million --users 20000 --loads 60000:10,60000:10,60000:10",
    module: "bench/million.ts",
    full: ["--users", "20000", "--loads", "60000:10,60000:10,60000:10"],
    quick: ["--users", "20000", "--loads", "60000:5,60000:5"],
    picks: [
      ...shakes("20,000 users", 60_000),
      {
        figure: "order to a worker and back, p99 at 60000/s",
        what: "order to a worker and back meanwhile: p99",
      },
    ],
  },
  {
    id: "million",
    command: "deno task bench:million --connect-rate 25000, as root",
    module: "bench/million.ts",
    full: ["--connect-rate", "25000", "--loads", "60000:10,60000:10,60000:10"],
    picks: [
      { figure: "connects", what: "1,000,000 connections: connects" },
      { figure: "server, resident", what: "1,000,000 connections: server, resident" },
      { figure: "fleet, resident", what: "1,000,000 connections: fleet, resident" },
      ...shakes("1,000,000 users", 60_000),
    ],
  },
  {
    id: "ledger",
    command: "deno task bench:ledger --held 1000000",
    module: "bench/ledger_load.ts",
    full: ["--held", "1000000", "--seconds", "6", "--windows", "5"],
    quick: ["--held", "100000", "--seconds", "4", "--windows", "3"],
    picks: [
      { figure: "durable awards", what: "awards in the ledger, synced, 20,000 a second offered" },
      { figure: "added wait, p99", what: "what a winner waits for the disk then: p99" },
      { figure: "losers' p99", what: "who wins nothing then: p99" },
      { figure: "ledger thread", what: "the ledger's thread then" },
    ],
  },
  {
    id: "rush",
    command: "deno task bench:rush --mode one",
    module: "bench/rush.ts",
    full: ["--mode", "one"],
    quick: ["--mode", "one", "--users", "50000"],
    picks: [{
      figure: "claims on one packet",
      what: "claims by everybody on one packet of 10,000 shares, each share paid once",
    }],
  },
  {
    id: "overload",
    command: "deno task bench:overload --engine uring --factors 1,10",
    module: "bench/overload.ts",
    full: ["--engine", "uring", "--factors", "1,10", "--seconds", "4"],
    picks: [],
  },
  {
    id: "seed",
    command: "deno task bench:seed --large 0",
    module: "bench/seed.ts",
    full: ["--large", "0"],
    quick: ["--large", "0", "--tickets", "1000000"],
    picks: [
      { figure: "10,000,000 tickets: make", what: "10,000,000 signed tickets made" },
      { figure: "10,000,000 tickets: verify", what: "10,000,000 signed tickets verified" },
    ],
  },
  {
    id: "ledger-files",
    command: "deno task bench:ledger-files --reconciled 1000000 --held 1000000 --sent 0",
    module: "bench/ledger_files.ts",
    full: ["--reconciled", "1000000", "--held", "1000000", "--sent", "0"],
    quick: ["--reconciled", "200000", "--held", "0", "--sent", "0", "--times", "2"],
    picks: [
      { figure: "reconcile of 1000000 awards", what: "1,000,000 awards compared with what the users saw" },
      {
        figure: "restart on 1000000 awards, with its checkpoint: awards",
        what: "restart on 1,000,000 awards, until it awards again",
      },
    ],
  },
  {
    id: "monitor",
    command: "deno run -A bench/monitor.ts",
    module: "bench/monitor.ts",
    full: ["--seconds", "15"],
    picks: [{ figure: "600 processes watched", what: "600 processes watched, a snapshot a second each" }],
  },
];
