import {
  assert,
  type Cue,
  CueState,
  frames,
  HASH_BYTES,
  MAX_DEPOT_URL_BYTES,
  MAX_REPLY_BYTES,
  type Policy,
  type ToldVersion,
  writeFrame,
} from "../../core/plugin/plugin.ts";

/** What users fetch in idle time, as a show document names it. */
export interface Resources {
  /** 0: nothing. */
  readonly version: number;
  readonly sha256: string;
  /** URLs of depots: each user is told of one, by their number. */
  readonly where: readonly string[];
}

/** What a host tells its users: a cue, a policy, a manifest, and of which document they are. */
export interface Told extends ToldVersion {
  /** Absent until there is something to say. */
  readonly cue: Cue | undefined;
  readonly policy: Policy | undefined;
  readonly resources: Resources | undefined;
  /** The change that has brought the resources: they are long, and told once. */
  readonly resourcesChange: number;
}

/** The same as a SET tells it: the resources as whole frames but for their time, one for each depot. */
export interface ToldFrames extends Omit<Told, "resources"> {
  readonly resources: readonly Uint8Array[];
}

/** Numbers of changes go round: they fit a column of 16 bits, and 0 is none. */
export const CHANGES = 0xffff;

export const NO_CUE: Cue = { state: CueState.none, wave: 0, resource: 0, startMs: 0, lengthMs: 0 };
export const NO_POLICY: Policy = { minShakeMs: 0, jitterMs: 0, retryFirstMs: 0, retryMostMs: 0 };
export const NO_RESOURCES: Resources = { version: 0, sha256: "00".repeat(HASH_BYTES), where: [""] };
export const HELD: Cue = { ...NO_CUE, state: CueState.held };

export function isSame<T extends object>(a: T | undefined, b: T | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

assert(
  frames.cue.bytes[1] + frames.policy.bytes[1] + frames.resources.bytes[1] <= MAX_REPLY_BYTES,
  "all that a user is told fits the room for a reply",
);

/** Words before the text of the depots. */
const HEAD_WORDS = 16 + HASH_BYTES / 4;
const MAX_DEPOTS = 16;

/** Most words of the one message from the host's half to a SET's. */
export const MAX_TOLD_WORDS = HEAD_WORDS + Math.ceil(MAX_DEPOTS * (1 + MAX_DEPOT_URL_BYTES) / 4);

/** Bits of the word that says what there is. */
const HAS_CUE = 1;
const HAS_POLICY = 2;
const HAS_RESOURCES = 4;

/**
 * Writes what is told as words; returns how many.
 *
 * @param change its number among the host's changes, 1 to 65,535
 */
export function encodeTold(words: Int32Array, change: number, told: Told): number {
  const { epoch, number, cue, policy, resources, resourcesChange } = told;
  const { state, wave, resource, startMs, lengthMs } = cue ?? NO_CUE;
  const has = (cue === undefined ? 0 : HAS_CUE) | (policy === undefined ? 0 : HAS_POLICY) |
    (resources === undefined ? 0 : HAS_RESOURCES);
  const { version, sha256, where } = resources ?? NO_RESOURCES;
  const text = new TextEncoder().encode(where.join("\n"));
  words.set([
    change,
    has,
    epoch,
    number,
    state,
    wave,
    resource,
    startMs / 0x1_0000_0000,
    startMs,
    lengthMs,
    policy?.minShakeMs ?? 0,
    policy?.jitterMs ?? 0,
    policy?.retryFirstMs ?? 0,
    policy?.retryMostMs ?? 0,
    version,
    resourcesChange << 16 | text.length,
  ]);
  const hash = new DataView(Uint8Array.fromHex(sha256).buffer);
  for (let i = 0; i < HASH_BYTES; i += 4) words[16 + i / 4] = hash.getUint32(i);
  for (let i = 0; i < text.length; i += 4) {
    const [a, b = 0, c = 0, d = 0] = text.subarray(i, i + 4);
    words[HEAD_WORDS + i / 4] = a << 24 | b << 16 | c << 8 | d;
  }
  return HEAD_WORDS + Math.ceil(text.length / 4);
}

export function decodeTold(
  words: Int32Array,
  at: number,
): { readonly change: number; readonly told: ToldFrames } {
  const word = (i: number) => words[at + i] >>> 0;
  const cue = {
    state: word(4),
    wave: word(5),
    resource: word(6),
    startMs: word(7) * 0x1_0000_0000 + word(8),
    lengthMs: word(9),
  };
  const policy = { minShakeMs: word(10), jitterMs: word(11), retryFirstMs: word(12), retryMostMs: word(13) };
  const [epoch, number] = [word(2), word(3)];
  const bytes = (from: number, count: number) =>
    Uint8Array.from({ length: count }, (_, i) => word(from + (i >>> 2)) >>> (24 - 8 * (i & 3)));
  const sha256 = bytes(16, HASH_BYTES);
  const where = new TextDecoder().decode(bytes(HEAD_WORDS, word(15) & 0xffff)).split("\n");
  return {
    change: word(0),
    told: {
      epoch,
      number,
      cue: (word(1) & HAS_CUE) === 0 ? undefined : cue,
      policy: (word(1) & HAS_POLICY) === 0 ? undefined : policy,
      resources: (word(1) & HAS_RESOURCES) === 0
        ? []
        : where.map((url) => resourcesFrame({ epoch, number, version: word(14), sha256, url })),
      resourcesChange: word(15) >>> 16,
    },
  };
}

/** Made once for all users of a SET: who is told writes its time alone. */
function resourcesFrame(
  values: { epoch: number; number: number; version: number; sha256: Uint8Array; url: string },
): Uint8Array {
  const [, most] = frames.resources.bytes;
  const view = new DataView(new ArrayBuffer(most));
  return new Uint8Array(view.buffer, 0, writeFrame(frames.resources, view, 0, 0, values));
}
