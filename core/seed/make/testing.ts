/** Small plans, keys and files for tests of seed files. */
import { crc32 } from "node:zlib";
import { Random } from "../../base/random.ts";
import {
  BLOCK_HEAD_BYTES,
  blockCrc,
  BlockWord,
  DIGEST_BYTES,
  encodeFooter,
  Footer,
  FOOTER_BYTES,
  Prologue,
  PROLOGUE_BYTES,
  rootDigest,
  sha256,
} from "../file/format.ts";
import { KeyFolder, type SigningKey } from "../file/keys.ts";
import { Layout } from "../plan/layout.ts";
import { makeHostFile } from "./make.ts";
import { parsePlan } from "../plan/plan.ts";
import type { PlanInput } from "../plan/plan_schema.ts";

/** A time before every expiry of these plans. */
export const EVENT_MS = Date.parse("2029-01-01T12:00:00Z");

/** Three sponsors, two waves, two hosts. */
export const SMALL_PLAN: PlanInput = {
  name: "small",
  expires: "2030-01-01T00:00:00Z",
  sponsors: [
    { number: 1, name: "Alpha", budgetFen: 1_000, amounts: { kind: "uniform", minFen: 1, maxFen: 39 } },
    { number: 2, name: "Beta", budgetFen: 400, amounts: { kind: "fixed", amountFen: 20 } },
    {
      number: 7,
      name: "Gamma",
      budgetFen: 607,
      amounts: {
        kind: "list",
        amounts: [{ amountFen: 1, weight: 5 }, { amountFen: 10, weight: 3 }, { amountFen: 50, weight: 1 }],
      },
      waves: ["late"],
    },
  ],
  waves: [
    { name: "early", start: "2029-01-01T12:00:00Z", lengthS: 10, share: 2 },
    {
      name: "late",
      start: "2029-01-01T12:01:00Z",
      lengthS: 5,
      curve: { kind: "front", startToEnd: 4 },
      leftover: "return",
    },
  ],
  hosts: [{ id: "host-a", weight: 3 }, { id: "host-b" }],
  greetings: [{ sponsor: 2, resource: 7001, ratePerS: 100, limit: 1001 }],
};

/** A set of files in a folder of its own, signed by a key that `keys` trusts. */
export class TestSet implements Disposable {
  readonly folder: string;
  readonly keys: KeyFolder;
  readonly #root: string;

  constructor(planJson: PlanInput = SMALL_PLAN, options: { seed?: number; isUnsigned?: boolean } = {}) {
    this.#root = Deno.makeTempDirSync();
    this.folder = `${this.#root}/seeds`;
    Deno.mkdirSync(this.folder);
    this.keys = new KeyFolder(`${this.#root}/keys`);
    this.keys.make(false);
    const plan = parsePlan(planJson, "plan");
    const layout = new Layout(plan);
    const random = new Random(options.seed ?? 1);
    const set = random.uint32().toString(16).padStart(32, "0");
    const key: SigningKey | undefined = options.isUnsigned ? undefined : this.keys.signing();
    const parts = { plan, planJson, layout, set, madeAt: "2028-12-01T00:00:00.000Z", key };
    layout.hosts.forEach(({ id }, i) => makeHostFile(parts, i, this.path(id), random.fork()));
  }

  path(hostId: string): string {
    return `${this.folder}/${hostId}.seed`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

/**
 * A file of at most one block as a forger without a key would leave it: every checksum, digest and hash is made right for
 * what stands before it. Only the signature is what it was.
 */
export function resealed(altered: Uint8Array): Uint8Array {
  const bytes = altered.slice();
  const view = new DataView(bytes.buffer);
  const footer = bytes.length - FOOTER_BYTES;
  const digest = footer - DIGEST_BYTES;
  const block = PROLOGUE_BYTES + Math.min(view.getUint32(Prologue.descriptionBytes, true), digest);
  const description = bytes.subarray(PROLOGUE_BYTES, block);
  view.setUint32(Prologue.descriptionCrc, crc32(description), true);
  view.setUint32(Prologue.crc, crc32(bytes.subarray(0, Prologue.crc)), true);
  if (block + BLOCK_HEAD_BYTES <= digest) {
    view.setUint32(block + 4 * BlockWord.crc, blockCrc(bytes.subarray(block, digest)), true);
    bytes.set(sha256(bytes.subarray(block, digest)), digest);
  }
  const root = rootDigest(bytes.subarray(0, PROLOGUE_BYTES), description, bytes.subarray(digest, footer));
  bytes.set(root, footer + Footer.root);
  view.setUint32(footer + Footer.crc, crc32(bytes.subarray(footer, footer + Footer.crc)), true);
  return bytes;
}

/** The same, by somebody who has the key: only what the tickets say can tell. */
export function resigned(altered: Uint8Array, key: SigningKey): Uint8Array {
  const bytes = resealed(altered);
  const footer = bytes.subarray(bytes.length - FOOTER_BYTES);
  const root = footer.subarray(Footer.root, Footer.root + DIGEST_BYTES);
  footer.set(encodeFooter(root, key.idBytes, key.sign(root)));
  return bytes;
}
