import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import { compareVersions, documentProblems, type ShowDocument, versionText } from "../document.ts";
import { contentOf, difference, documentOf, type ShowContent } from "../edits.ts";
import {
  approvePlan,
  approversOf,
  compareShows,
  MIN_APPROVALS,
  type SignedShow,
  signShow,
} from "../signed.ts";
import { type ConsoleFolder, countedOf } from "./console_folder.ts";
import type { Director } from "./director.ts";
import { isSamePlan, type Proposal, withApproval, writeProposal } from "./proposal.ts";

/** How long paths and hosts have to say what they have. */
const LOOK_MS = 2_000;
const ALL_MS = 600;
const HEAR_MS = 400;
/** A change that is about to count is waited for. */
const SOON_MS = 2_000;
/** How long what was issued has to lie on every path that is connected. */
const KEEP_MS = 3_000;

export interface ConsoleParts {
  readonly folder: ConsoleFolder;
  readonly director: Director;
  readonly trusted: ReadonlyMap<string, KeyObject>;
  readonly key: SigningKey;
  /** Who acts, for the journal. */
  readonly who: string;
  readonly clock: Clock;
  /** Lets a moment pass, in which the director turns. */
  pause(): Promise<void>;
}

/** A change of the show. */
export interface Change {
  /** In words, as it was asked for. */
  readonly action: string;
  /** The content that comes of it, out of the one that counts. */
  readonly edit: (content: ShowContent, nowMs: number) => ShowContent;
  /** Who acts, where it isn't whoever has opened the console. */
  readonly who?: string | undefined;
  /** When it is to count, in unix ms; absent: now. */
  readonly atMs?: number | undefined;
  /** It goes out at once, without being prepared, and takes the place of one that waits for its time: holding is safe. */
  readonly isUrgent?: boolean;
  /** Takes the place of a change that waits for its time. */
  readonly replaces?: boolean;
  /** Keys of further persons, who approve a changed plan. */
  readonly approvers?: readonly SigningKey[];
  /** Approvals that were given before. */
  readonly approvals?: ShowDocument["approvals"];
  /** Part of the expected hosts, in percent, that must have acknowledged before it counts. */
  readonly quorumPercent: number;
  /** How long all of them have for that. */
  readonly confirmMs: number;
}

/** Who has acknowledged a document. */
export interface Acknowledged {
  readonly hosts: number;
  readonly acked: number;
  readonly missing: readonly string[];
  readonly refused: readonly { readonly host: string; readonly why: string }[];
  readonly tookMs: number;
}

export type ChangeResult =
  | {
    readonly kind: "issued";
    readonly show: SignedShow;
    readonly changes: readonly string[];
    readonly prepared: Acknowledged | undefined;
    readonly acknowledged: Acknowledged;
  }
  | { readonly kind: "proposed"; readonly path: string; readonly changes: readonly string[] };

/** One console at work: it has its folder to itself. */
export class ShowConsole {
  readonly #parts: ConsoleParts;
  /** Who does what is being done. */
  #who: string;

  constructor(parts: ConsoleParts) {
    this.#parts = parts;
    this.#who = parts.who;
  }

  /** The newest document that is known here, whoever has issued it. */
  newest(): SignedShow | undefined {
    const own = this.own();
    const { newest } = this.#parts.director;
    return own !== undefined && (newest === undefined || compareShows(own, newest) > 0) ? own : newest;
  }

  /** Waits until paths and hosts have said what they have, or for a moment. */
  async look(): Promise<void> {
    const { director } = this.#parts;
    // A path that is down must not hold up every command.
    await this.until(() => director.hasLookedAtAll, ALL_MS);
    await this.until(() => director.hasLooked, LOOK_MS - ALL_MS);
    // Those who are there answer a question at once.
    director.ask();
    const expected = this.#parts.folder.roster.length;
    await this.until(() => expected > 0 && this.present().length >= expected, HEAR_MS);
  }

  present(): string[] {
    const { director } = this.#parts;
    return [...director.hosts.values()].filter((host) => director.isPresent(host)).map(({ host }) => host);
  }

  /** Hosts that are expected: those that this console knows, and those that are there. */
  expected(): string[] {
    const { folder } = this.#parts;
    return [...new Set([...folder.roster.map(({ host }) => host), ...this.present()])].sort();
  }

  /** The newest document that this console has issued; undefined: none yet. */
  own(): SignedShow | undefined {
    return this.#parts.folder.history(this.#parts.trusted).at(-1);
  }

  /**
   * The document that a change starts from.
   *
   * @throws UserError if another console directs
   */
  base(): SignedShow {
    const { folder, director } = this.#parts;
    const { state } = folder;
    const own = this.own();
    const { newest } = director;
    if (state === undefined || own === undefined) {
      throw new UserError(
        `--console ${folder.path}: holds no show yet. Begin one: redpkt show init, or redpkt show takeover`,
      );
    }
    if (newest === undefined || compareShows(newest, own) <= 0) return own;
    if (newest.document.epoch === state.epoch && newest.signer === this.#parts.key.id) return newest;
    throw new UserError(
      `taken over: ${versionText(newest.document)} was issued at ${
        new Date(newest.document.issuedMs).toISOString()
      } ` +
        `by key ${newest.signer}, and this console was at ${
          versionText(own.document)
        }. It directs no more. ` +
        "To take the show back: redpkt show takeover",
      ExitCode.failed,
    );
  }

  /** The document that counts now, and the one that waits for its time. */
  standing(base: SignedShow): { readonly counts: SignedShow; readonly waits: SignedShow | undefined } {
    const nowMs = this.#parts.clock.wallMs();
    if (base.document.activateMs! <= nowMs) return { counts: base, waits: undefined };
    const counted = countedOf(this.#parts.folder.history(this.#parts.trusted), nowMs);
    return { counts: counted.at(-1) ?? base, waits: base };
  }

  /** Prepares a change, has it confirmed, and lets it count at its time. */
  async change(change: Change): Promise<ChangeResult> {
    const { clock, folder } = this.#parts;
    this.#who = change.who ?? this.#parts.who;
    await this.look();
    let standing = this.standing(this.base());
    const waitMs = (standing.waits?.document.activateMs ?? 0) - clock.wallMs();
    if (waitMs > 0 && waitMs < SOON_MS && change.isUrgent !== true) {
      await this.until(() => clock.wallMs() >= standing.waits!.document.activateMs!, SOON_MS + HEAR_MS);
      standing = this.standing(this.base());
    }
    const { counts, waits } = standing;
    if (waits !== undefined && change.isUrgent !== true && change.replaces !== true) {
      throw new UserError(
        `${versionText(waits.document)} waits for ${new Date(waits.document.activateMs!).toISOString()}. ` +
          "Drop it first: redpkt show rollback, or give --replace",
      );
    }
    const before = contentOf(counts.document);
    let content = change.edit(before, clock.wallMs());
    // A revision that was given away by what is dropped mustn't be used for another plan.
    const lastRevision = Math.max(counts.document.plan.revision, waits?.document.plan.revision ?? 0);
    if (content.plan.revision !== before.plan.revision && change.approvals === undefined) {
      content = { ...content, plan: { ...content.plan, revision: lastRevision + 1 } };
    }
    const changes = difference(before, content);
    const approvals = this.#approvals(content, counts, change);
    const draft = documentOf(content, {
      epoch: folder.state!.epoch,
      number: folder.state!.number + 1,
      issuedMs: Math.floor(clock.wallMs()),
      activateMs: change.atMs === undefined ? null : Math.floor(change.atMs),
      approvals,
    });
    const problems = documentProblems(draft);
    if (problems.length > 0) throw new UserError(problems.map((line) => `not done: ${line}`).join("\n"));
    if (approversOf(draft, this.#parts.trusted).length < MIN_APPROVALS) {
      return this.#propose(draft, counts, change, changes);
    }
    const prepared = change.isUrgent === true
      ? undefined
      : await this.#prepare(content, approvals, change, changes);
    return { ...await this.issue(content, approvals, change), changes, prepared };
  }

  /** Issues a document that counts, and waits for everybody. */
  async issue(
    content: ShowContent,
    approvals: ShowDocument["approvals"],
    { action, atMs, confirmMs }: Pick<Change, "action" | "atMs" | "confirmMs">,
  ): Promise<Extract<ChangeResult, { kind: "issued" }>> {
    const { clock, folder, director } = this.#parts;
    const nowMs = Math.floor(clock.wallMs());
    const activateMs = Math.floor(atMs ?? nowMs);
    if (activateMs < nowMs - 1) {
      throw new UserError(`${action}: its time has passed while hosts acknowledged it. Give a later one`);
    }
    const show = this.#sign(content, approvals, activateMs);
    folder.keep(show);
    director.offer(show);
    const acknowledged = await this.#acknowledged(show, "newest", confirmMs);
    this.#note(action, show, acknowledged);
    await this.until(
      () => director.buses.every((bus) => !bus.state.isConnected || isHeld(director, bus, show)),
      KEEP_MS,
    );
    this.#remember();
    return { kind: "issued", show, changes: [], prepared: undefined, acknowledged };
  }

  #approvals(content: ShowContent, counts: SignedShow, { approvers = [], approvals = [] }: Change) {
    if (isSamePlan(content, counts.document)) return counts.document.approvals;
    const mine = [this.#parts.key, ...approvers].map((key) => approvePlan(content, key));
    const others = approvals.filter(({ key }) => mine.every((one) => one.key !== key));
    return [...mine, ...others];
  }

  #propose(
    draft: ShowDocument,
    counts: SignedShow,
    { action }: Change,
    changes: readonly string[],
  ): ChangeResult {
    const { folder, key } = this.#parts;
    const path = `${folder.path}/proposals/${versionText(draft)}.json`;
    const proposal: Proposal = {
      base: versionText(counts.document),
      action,
      changes: [...changes],
      show: draft,
    };
    writeProposal(path, withApproval(proposal, key));
    folder.writeState({ ...folder.state!, number: draft.number });
    this.#journal(action, null, `proposed as ${path}: waits for a second person`);
    return { kind: "proposed", path, changes };
  }

  /** Every host must be able to play it, or a quorum of them, and none may refuse it. */
  async #prepare(
    content: ShowContent,
    approvals: ShowDocument["approvals"],
    { action, confirmMs, quorumPercent }: Change,
    changes: readonly string[],
  ): Promise<Acknowledged> {
    const show = this.#sign(content, approvals, null);
    this.#parts.director.offer(show);
    const said = await this.#acknowledged(show, "prepared", confirmMs);
    const why = whyNotConfirmed(said, quorumPercent);
    if (why === undefined) return said;
    this.#journal(action, show, why);
    throw new UserError(
      [`not done: ${why}`, ...changes.map((line) => `  ${line}`)].join("\n"),
      ExitCode.failed,
    );
  }

  #sign(content: ShowContent, approvals: ShowDocument["approvals"], activateMs: number | null): SignedShow {
    const { folder, key, clock } = this.#parts;
    const state = { ...folder.state!, number: folder.state!.number + 1 };
    // Used up before anybody sees it: no two documents have one number, whatever becomes of them.
    folder.writeState(state);
    const issuedMs = Math.floor(clock.wallMs());
    return signShow(documentOf(content, { ...state, issuedMs, activateMs, approvals }), key);
  }

  /** Waits until every host has a document that was issued. */
  waitFor(show: SignedShow, waitMs: number): Promise<Acknowledged> {
    return this.#acknowledged(show, "newest", waitMs);
  }

  async #acknowledged(show: SignedShow, what: "prepared" | "newest", waitMs: number): Promise<Acknowledged> {
    const { director, clock } = this.#parts;
    const fromMs = clock.monotonicMs();
    const has = (host: string) => director.has(host, show, what) || director.has(host, show, "newest");
    const isSettled = (host: string) => has(host) || director.refusal(host, show) !== undefined;
    await this.until(() => this.expected().every(isSettled), waitMs);
    const expected = this.expected();
    const refused = expected.flatMap((host) => {
      const why = director.refusal(host, show);
      return why === undefined ? [] : [{ host, why }];
    });
    return {
      hosts: expected.length,
      acked: expected.filter(has).length,
      missing: expected.filter((host) => !isSettled(host)),
      refused,
      tookMs: Math.round(clock.monotonicMs() - fromMs),
    };
  }

  #note(action: string, show: SignedShow, { hosts, acked, missing, refused, tookMs }: Acknowledged): void {
    const left = [
      ...missing.map((host) => `${host} missing`),
      ...refused.map(({ host }) => `${host} refuses`),
    ];
    const who = left.length === 0
      ? ""
      : `: ${left.slice(0, 20).join(", ")}${left.length > 20 ? ", ..." : ""}`;
    this.#journal(action, show, `${acked} of ${hosts} hosts have it after ${tookMs} ms${who}`);
  }

  #journal(action: string, show: SignedShow | null, result: string): void {
    const { folder, clock, key } = this.#parts;
    folder.journal.add({
      at: new Date(clock.wallMs()).toISOString(),
      who: this.#who,
      action,
      version: show === null ? null : versionText(show.document),
      hash: show?.hash ?? null,
      result,
    }, key);
  }

  /** Whoever was there is expected from now on. */
  #remember(): void {
    const { folder, director } = this.#parts;
    const known = new Map(folder.roster.map((host) => [host.host, host]));
    for (const { host, city, cluster } of director.hosts.values()) known.set(host, { host, city, cluster });
    folder.writeRoster([...known.values()]);
  }

  /** Waits until something is so, at most so long; whether it is. */
  async until(isSo: () => boolean, waitMs: number): Promise<boolean> {
    const { clock, director, pause } = this.#parts;
    const untilMs = clock.monotonicMs() + waitMs;
    for (;;) {
      director.turn();
      if (isSo()) return true;
      if (clock.monotonicMs() >= untilMs) return false;
      await pause();
    }
  }
}

function isHeld(director: Director, bus: Director["buses"][number], show: SignedShow): boolean {
  const held = director.heldBy(bus);
  return held !== undefined && held !== null && compareVersions(held, show.document) >= 0;
}

/** Why a change doesn't count; undefined if it does. */
function whyNotConfirmed(
  { hosts, acked, missing, refused }: Acknowledged,
  quorumPercent: number,
): string | undefined {
  if (refused.length > 0) {
    const words = refused.slice(0, 5).map(({ host, why }) => `${host} refuses it: ${why}`);
    return `${words.join("; ")}${refused.length > 5 ? `; and ${refused.length - 5} more` : ""}`;
  }
  if (acked * 100 >= hosts * quorumPercent) return undefined;
  const names = missing.slice(0, 20).join(", ");
  return `${acked} of ${hosts} hosts could play it, and ${quorumPercent} % are wanted. Missing: ${names}` +
    `${
      missing.length > 20 ? ", ..." : ""
    }. If they are gone for good: redpkt show forget HOST; or give --quorum`;
}
