import { keepPages } from "../resources/kept_pages.ts";
import type { PartyPages } from "../resources/pages_folder.ts";
import { z } from "zod";
import { exists } from "../../base/exists.ts";
import { Random, systemBytes, systemSecret, systemSeed } from "../../base/random.ts";
import { UserError } from "../../base/user_error.ts";
import { makeSeedSet } from "../../rehearse/stage/seed_set.ts";
import type { Invited } from "./guest_list.ts";
import { type PartyPlan, partyPlanSchema, ticketPlan } from "./party_plan.ts";

/** Of `party.json`. */
const FOLDER_VERSION = 1;
const PARTY_FILE = "party.json";
/** Letters of a code: none that looks like another one. */
const CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
const CODE_LENGTH = 6;
const SECRET_BYTES = 32;

const doorSchema = z.strictObject({
  listen: z.strictObject({ hostname: z.string(), port: z.int() }),
  tls: z.enum(["on", "off"]),
  cert: z.strictObject({ cert: z.string(), key: z.string() }).exactOptional(),
  url: z.string().exactOptional(),
  countdownS: z.int(),
});

/** Where phones came in last, so that links stay the same when a party goes on. */
export type KeptDoor = z.output<typeof doorSchema>;

const partySchema = z.strictObject({
  schemaVersion: z.literal(FOLDER_VERSION),
  /** Names the party: tokens are for it. */
  id: z.string().min(1),
  madeAt: z.iso.datetime(),
  plan: partyPlanSchema,
  /** What guests show to come in. */
  code: z.string().min(4),
  /** What the host shows to lead. */
  secret: z.string().min(16),
  list: z.array(z.strictObject({ name: z.string(), code: z.string().exactOptional() })).exactOptional(),
  door: doorSchema.exactOptional(),
  /** When it was ended, if it was. */
  endedAt: z.iso.datetime().exactOptional(),
});

export type Party = z.output<typeof partySchema>;

/** Where everything of a party lies. All of it is kept when it is over. */
export class PartyFolder {
  readonly path: string;
  party: Party;

  private constructor(path: string, party: Party) {
    this.path = path;
    this.party = party;
  }

  /** @throws UserError if it holds no party, or can't be read */
  static open(path: string): PartyFolder {
    let json: unknown;
    try {
      json = JSON.parse(Deno.readTextFileSync(`${path}/${PARTY_FILE}`));
    } catch (error) {
      const why = error instanceof Deno.errors.NotFound
        ? `holds no party (there is no ${PARTY_FILE} in it)`
        : `${PARTY_FILE} can't be read: ${error instanceof Error ? error.message : error}`;
      throw new UserError(`--dir ${path}: ${why}. Name another folder`);
    }
    const { data, error } = partySchema.safeParse(json);
    if (data !== undefined) return new PartyFolder(path, data);
    const version = (json as { schemaVersion?: unknown }).schemaVersion;
    const why = version === FOLDER_VERSION
      ? `is damaged: ${z.prettifyError(error!).replaceAll("\n", " ")}`
      : "is of another version of redpkt";
    throw new UserError(`--dir ${path}: ${PARTY_FILE} ${why}`);
  }

  /** Makes a party: its money as signed tickets, its keys, its code. It is there whole, or not at all. */
  static make(
    path: string,
    plan: PartyPlan,
    list: readonly Invited[] | undefined,
    wallMs: number,
    pages?: PartyPages,
  ): PartyFolder {
    if (exists(path)) {
      throw new UserError(`--dir ${path}: is there already and holds no party. Name another folder`);
    }
    const making = `${path}.making`;
    try {
      if (exists(making)) Deno.removeSync(making, { recursive: true });
      Deno.mkdirSync(making, { recursive: true, mode: 0o700 });
      makeSeedSet(ticketPlan(plan), making, wallMs);
      if (pages !== undefined) keepPages(making, pages);
      const keyId = Math.floor(wallMs / 1000) % 0x1_0000_0000;
      const key = `${keyId} ${systemBytes(SECRET_BYTES).toHex()}\n`;
      Deno.writeTextFileSync(`${making}/token-keys.txt`, key, { mode: 0o600 });
      const party: Party = {
        schemaVersion: FOLDER_VERSION,
        id: systemBytes(6).toHex(),
        madeAt: new Date(wallMs).toISOString(),
        plan,
        code: drawCode(),
        secret: systemSecret(),
        ...(list === undefined ? {} : { list: [...list] }),
      };
      write(`${making}/${PARTY_FILE}`, party);
      Deno.renameSync(making, path);
      return new PartyFolder(path, party);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(
        `--dir ${path}: cannot be written: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  get ledger(): string {
    return `${this.path}/ledger`;
  }

  get tokenKeys(): string {
    return `${this.path}/token-keys.txt`;
  }

  get guests(): string {
    return `${this.path}/guests.jsonl`;
  }

  get claims(): string {
    return `${this.path}/claims`;
  }

  /** Flags of the server that has the party's money. */
  get serverFlags(): readonly string[] {
    const { id } = this.party;
    return [
      ...["--ledger", this.ledger, "--claims", this.claims],
      ...["--seed", `${this.path}/seeds/host-000.seed`, "--host-id", "host-000"],
      ...["--seed-keys", `${this.path}/keys`, "--token-keys", this.tokenKeys, "--event", id],
    ];
  }

  /** Notes where phones come in. */
  keepDoor(door: KeptDoor): void {
    this.party = { ...this.party, door };
    write(`${this.path}/${PARTY_FILE}`, this.party);
  }

  /** Notes that the party is over. */
  end(wallMs: number): void {
    this.party = { ...this.party, endedAt: new Date(wallMs).toISOString() };
    write(`${this.path}/${PARTY_FILE}`, this.party);
  }
}

/**
 * The folder of a party that goes on, or of the next one: `party`, or `party-2` and so on where those before are over.
 */
export function nextFolder(): string {
  for (let number = 1;; number++) {
    const path = number === 1 ? "party" : `party-${number}`;
    if (!exists(`${path}/${PARTY_FILE}`)) {
      if (!exists(path)) return path;
    } else if (PartyFolder.open(path).party.endedAt === undefined) return path;
  }
}

function write(path: string, party: Party): void {
  using file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(`${JSON.stringify(party, null, 2)}\n`);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
  Deno.renameSync(`${path}.new`, path);
}

function drawCode(): string {
  const random = new Random(systemSeed());
  return Array.from({ length: CODE_LENGTH }, () => CODE_LETTERS[random.below(CODE_LETTERS.length)]).join("");
}
