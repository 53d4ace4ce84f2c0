import { Random } from "../../base/random.ts";
import { FAULT_KINDS, type FaultKind } from "./fault_kinds.ts";

/** A fault that happens: where and when are parts from 0 to 1, so that it is the same in a smaller world. */
export interface PlannedFault {
  readonly kind: FaultKind;
  /** Counts within its kind, from 1. */
  readonly index: number;
  /** When it begins, as a part of the time in which faults may. */
  readonly at: number;
  /** Which host or city. */
  readonly where: number;
  /** How bad, in its own meaning. */
  readonly size: number;
}

/** Which faults are wanted: a kind with all that the seed draws of it, or one of them. */
export interface FaultWish {
  readonly kind: FaultKind;
  readonly index: number | undefined;
}

/** What is said of a world; the seed draws the rest. */
export interface WorldWish {
  readonly seed: number;
  readonly hosts?: number | undefined;
  readonly users?: number | undefined;
  readonly minutes?: number | undefined;
  /** Absent: as the seed has them. */
  readonly faults?: readonly FaultWish[] | undefined;
}

/** All that a world is made from. */
export interface WorldPlan {
  readonly seed: number;
  readonly hosts: number;
  readonly cities: number;
  readonly users: number;
  readonly minutes: number;
  readonly faults: readonly PlannedFault[];
  /** Packets of all hosts. */
  readonly packets: number;
  readonly sponsors: number;
  /** Think time of users, in ms. */
  readonly thinkMs: readonly [least: number, most: number];
  readonly openPercent: number;
  readonly networkDelayMs: readonly [least: number, most: number];
  readonly splitProbability: number;
  readonly busDelayMs: number;
  readonly workers: number;
}

/** Most of one kind that a seed draws. */
const MAX_OF_KIND = 2;
/** How likely a kind of fault is in a world. */
const KIND_PROBABILITY = 0.3;
/** Parts of a seed, so that what one draws never shifts another. */
const Part = { sizes: 1, rates: 2, faults: 1_000 } as const;

/** A world out of a seed. What is wished for takes the place of what is drawn, and changes nothing else. */
export function drawWorld({ seed, ...wish }: WorldWish): WorldPlan {
  const sizes = Random.ofPart(seed, Part.sizes);
  const drawn = { hosts: sizes.between(1, 6), users: sizes.between(8, 60), minutes: sizes.between(1, 2) };
  const hosts = wish.hosts ?? drawn.hosts;
  const users = Math.max(hosts, wish.users ?? drawn.users);
  const rates = Random.ofPart(seed, Part.rates);
  const thinkMs = rates.between(500, 4_000);
  return {
    seed,
    hosts,
    users,
    minutes: wish.minutes ?? drawn.minutes,
    cities: Math.min(hosts, 1 + rates.below(3)),
    packets: Math.max(4 * hosts, Math.round(users * (0.5 + 2 * rates.float()))),
    sponsors: rates.between(1, 4),
    thinkMs: [thinkMs, 2 * thinkMs],
    openPercent: rates.between(60, 100),
    networkDelayMs: [0.1, 1 + 40 * rates.float()],
    splitProbability: rates.below(2) * 0.2,
    busDelayMs: rates.between(1, 60),
    workers: rates.between(1, 2),
    faults: faultsOf(seed, wish.faults),
  };
}

function faultsOf(seed: number, wishes: readonly FaultWish[] | undefined): PlannedFault[] {
  return FAULT_KINDS.flatMap((kind, number) => {
    const random = Random.ofPart(seed, Part.faults + number);
    const isThere = random.float() < KIND_PROBABILITY;
    const count = isThere ? random.between(1, MAX_OF_KIND) : 0;
    const all = Array.from({ length: MAX_OF_KIND }, (_, i) => ({
      kind,
      index: i + 1,
      at: random.float(),
      where: random.float(),
      size: random.float(),
    }));
    if (wishes === undefined) return all.slice(0, count);
    const wanted = wishes.filter((wish) => wish.kind === kind);
    if (wanted.length === 0) return [];
    const isAll = wanted.some(({ index }) => index === undefined);
    return isAll
      ? all.slice(0, Math.max(1, count))
      : all.filter(({ index }) => wanted.some((wish) => wish.index === index));
  });
}

/** A fault as it is given on a command line, such as `kill.2`. */
export function faultName({ kind, index }: Pick<PlannedFault, "kind" | "index">): string {
  return `${kind}.${index}`;
}

/** What `--faults` says; undefined if it names no fault. */
export function parseFaults(text: string): FaultWish[] | undefined {
  if (text === "none") return [];
  const wishes = text.split(",").map((word): FaultWish | undefined => {
    const [name, index] = word.trim().split(".");
    const kind = FAULT_KINDS.find((kind) => kind === name);
    const isRight = kind !== undefined &&
      (index === undefined || (/^[1-9]$/.test(index) && Number(index) <= MAX_OF_KIND));
    return isRight ? { kind, index: index === undefined ? undefined : Number(index) } : undefined;
  });
  return wishes.includes(undefined) ? undefined : wishes as FaultWish[];
}
