import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { UserError } from "../base/user_error.ts";

/** The file that `deno task bench:figures` writes on a host, as far as a plan reads it. */
export const figuresSchema = z.object({
  schemaVersion: z.literal(1),
  commit: z.string(),
  isQuick: z.boolean(),
  machine: z.looseObject({ processor: z.string(), cores: z.number() }),
  figures: z.array(z.object({
    what: z.string(),
    unit: z.string(),
    least: z.number(),
    median: z.number(),
    most: z.number(),
    runs: z.number(),
  })),
});
export type FiguresFile = z.output<typeof figuresSchema>;

/** A number that is measured, and not chosen. */
interface MeasuredSpec {
  readonly unit: string;
  readonly about: string;
  /** What it is called in a file of figures, the best first; absent if no bench of that file measures it. */
  readonly what?: RegExp;
  /** From the file's number to this unit, where they differ. */
  readonly scale?: number;
  /** Without a file, or without it there: what was seen, and where it stands. */
  readonly assumed: number;
  readonly source: string;
}

const PROBES = "measured once on 2 shared cores; docs/benchmarks.md";

/** What a plan takes from measurements, by name. */
export const MEASURED = {
  shakeUs: {
    unit: "us",
    about: "CPU time of a server a shake, kernel and all",
    what: /shakes a second: server CPU a shake$/,
    assumed: 15,
    source: PROBES,
  },
  connectionBytes: {
    unit: "B",
    about: "memory of a connection, the kernel's and the server's",
    assumed: 3_800,
    source: "3.4 kB of the kernel and 0.4 kB of the server, at a million connections; docs/benchmarks.md",
  },
  tlsBytes: {
    unit: "B",
    about: "memory of a TLS session besides",
    assumed: 27_000,
    source: "one process of HAProxy 2.6; docs/websockets.md has the gateway's",
  },
  handshakesPerCore: {
    unit: "/s",
    about: "TLS handshakes of a core, resumed ones left out",
    assumed: 1_400,
    source: "one core of HAProxy 2.6",
  },
  loginUs: {
    unit: "us",
    about: "CPU time of a server to accept a connection and log its user in",
    what: /1,000,000 connections: connects$/,
    scale: -1e6,
    assumed: 40,
    source: "25,000 a second are taken in by one worker; docs/benchmarks.md",
  },
  awardsPerS: {
    unit: "/s",
    about: "awards that a host makes durable",
    what: /^awards in the ledger, synced/,
    assumed: 20_000,
    source: PROBES,
  },
  ledgerWaitMs: {
    unit: "ms",
    about: "what a winner waits for the disk, p99",
    what: /^what a winner waits for the disk then: p99/,
    assumed: 8,
    source: PROBES,
  },
  bookRowsPerS: {
    unit: "/s",
    about: "rows that PostgreSQL takes in, in statements of 1,000",
    assumed: 100_000,
    source: "`deno task bench:books` tells yours",
  },
  settleUs: {
    unit: "us",
    about: "time of a settler an award",
    assumed: 35,
    source: "`deno task bench:settle` tells yours",
  },
  natsUs: {
    unit: "us",
    about: "CPU time of a host for a message of the bus",
    assumed: 13.3,
    source: "4,800 messages a second took 6.4 % of a core; `deno task bench:show`",
  },
} as const satisfies Readonly<Record<string, MeasuredSpec>>;

export type MeasuredName = keyof typeof MEASURED;

/** A measured number with what is known of it. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly about: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
  /** Whether this plan's file has it; else it is what somebody else has seen. */
  readonly isMeasured: boolean;
  readonly source: string;
}

/** All measured numbers: out of the file, and where it has none, those that come with the program. */
export function measuredOf(file: FiguresFile | undefined, place: string): Measured[] {
  return Object.entries(MEASURED as Readonly<Record<string, MeasuredSpec>>).map(([name, spec]) => {
    const { unit, about, what, scale = 1, assumed, source } = spec;
    const found = what && file?.figures.filter((figure) => what.test(figure.what)).at(-1);
    const common = { name, unit, about };
    if (found === undefined) {
      const one = { value: assumed, least: assumed, most: assumed, runs: 0 };
      return { ...common, ...one, isMeasured: false, source };
    }
    // A negative scale is that of an inverse: so many a second, and so long each.
    const inUnit = (value: number) => scale < 0 ? -scale / value : value * scale;
    const [least, most] = [inUnit(found.least), inUnit(found.most)].sort((a, b) => a - b);
    return {
      ...common,
      ...{ value: inUnit(found.median), least, most, runs: found.runs, isMeasured: true },
      source: `${place}: ${found.what}`,
    };
  });
}

/** Reads a file of figures. @throws UserError if it can't be read or is none */
export async function readFigures(path: string): Promise<FiguresFile> {
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`--figures ${path}: cannot be read: ${why}. Write one: deno task bench:figures`);
  }
  const result = figuresSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
  throw new UserError(`--figures ${path}: is no file of bench:figures: ${problems.join("; ")}`);
}

/** Values of `--figure NAME=VALUE`, laid over the measured ones. @throws UserError that lists all that is wrong */
export function withFigures(measured: readonly Measured[], given: readonly string[]): Measured[] {
  const names = measured.map(({ name }) => name);
  const problems: string[] = [];
  const values = new Map<string, number>();
  for (const text of given) {
    const [, name, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || !(Number(value) > 0)) {
      problems.push(`--figure ${text}: must be NAME=VALUE with a value over 0, as in shakeUs=12`);
    } else if (!names.includes(name)) {
      problems.push(
        `--figure ${text}: no such figure.${didYouMean(name, names)} There are ${names.join(", ")}`,
      );
    } else values.set(name, Number(value));
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return measured.map((one) => {
    const value = values.get(one.name);
    if (value === undefined) return one;
    return { ...one, value, least: value, most: value, runs: 1, isMeasured: true, source: "--figure" };
  });
}
