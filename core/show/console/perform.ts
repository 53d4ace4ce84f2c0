import { UserError } from "../../base/user_error.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import { versionText } from "../document.ts";
import { contentOf, type ShowContent } from "../edits.ts";
import { CHANGES } from "./actions.ts";
import { type Beginning, newShow, takenOver } from "./begin.ts";
import type { OpenConsole } from "./open_console.ts";
import { readProposal } from "./proposal.ts";
import type { ChangeResult } from "./show_console.ts";
import type { PlannedWave } from "../document.ts";

/** What a console is asked to do, by a command or on the page. */
export interface Wish {
  readonly action: string;
  readonly operands: readonly string[];
  readonly atMs?: number | undefined;
  readonly forMs?: number | undefined;
  readonly quorumPercent: number;
  readonly confirmMs: number;
  readonly isReplacing: boolean;
  readonly approvers: readonly SigningKey[];
  /** Who acts, where it isn't whoever has opened the console. */
  readonly who?: string | undefined;
  /** Of a new show. */
  readonly waves?: readonly PlannedWave[] | undefined;
  /** The same: ranges of users whom nobody can ban. */
  readonly safe?: ShowContent["plan"]["protected"] | undefined;
}

/** Does it, with the folder to itself. @throws UserError */
export async function perform(open: OpenConsole, wish: Wish, nowMs: number): Promise<ChangeResult> {
  const unlock = await open.folder.lock();
  try {
    switch (wish.action) {
      case "init":
      case "takeover":
        return await begin(open, wish, nowMs);
      case "send":
        return await send(open, wish);
      case "push":
        return await push(open, wish);
      default:
        return await change(open, wish, nowMs);
    }
  } finally {
    unlock();
  }
}

async function change(
  { console, folder, trusted }: OpenConsole,
  wish: Wish,
  nowMs: number,
): Promise<ChangeResult> {
  const { action, operands, atMs, forMs } = wish;
  const made = CHANGES[action].make({ action, operands, atMs, nowMs, forMs }, folder.history(trusted));
  return await console.change({
    action: [action, ...operands].join(" "),
    ...made,
    replaces: made.replaces === true || wish.isReplacing,
    approvers: wish.approvers,
    quorumPercent: wish.quorumPercent,
    confirmMs: wish.confirmMs,
    who: wish.who,
  });
}

async function begin(open: OpenConsole, wish: Wish, nowMs: number): Promise<ChangeResult> {
  const { console, folder, director, key, event } = open;
  await console.look();
  const { content, approvals, epoch, number, atMs }: Beginning = wish.action === "takeover"
    ? takenOver(console, director, nowMs)
    : newShow(folder, director, event, wish.waves!, [key, ...wish.approvers], wish.safe ?? []);
  if (approvals.length < 2) {
    throw new UserError("init: two persons approve a plan: give --approve DIR with the key of a second one");
  }
  folder.writeState({ event, epoch, number });
  return await console.issue(content, approvals, { action: wish.action, atMs, confirmMs: wish.confirmMs });
}

/** A proposal that has its approvals by now. */
async function send({ console }: OpenConsole, wish: Wish): Promise<ChangeResult> {
  const [path, ...more] = wish.operands;
  if (path === undefined || more.length > 0) throw new UserError("send: give the proposal's file");
  const { base, action, show } = readProposal(path);
  return await console.change({
    action: `${action} (approved)`,
    edit() {
      const now = versionText(console.standing(console.base()).counts.document);
      if (now === base) return { ...contentOf(show), plan: show.plan };
      throw new UserError(
        `${path}: was made from ${base}, and the show is at ${now}. Make it anew: redpkt show ${action}`,
      );
    },
    // A time that has passed while somebody approved is now.
    atMs: wish.atMs,
    replaces: wish.isReplacing,
    approvals: show.approvals,
    approvers: wish.approvers,
    quorumPercent: wish.quorumPercent,
    confirmMs: wish.confirmMs,
  });
}

/** The newest document once more, by the paths that are given. */
async function push({ console, director }: OpenConsole, wish: Wish): Promise<ChangeResult> {
  await console.look();
  const show = console.base();
  director.offer(show);
  return {
    kind: "issued",
    show,
    changes: [],
    prepared: undefined,
    acknowledged: await console.waitFor(show, wish.confirmMs),
  };
}
