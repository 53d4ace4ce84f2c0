import { UserError } from "../../base/user_error.ts";
import { MAX_BANS_PER_MINUTE, type ShowBan } from "../document.ts";
import type { SignedShow } from "../signed.ts";
import {
  banned,
  contentOf,
  cut,
  gone,
  held,
  levelled,
  limited,
  policed,
  protecting,
  resourced,
  rolledBack,
  shifted,
  type ShowContent,
  unbanned,
} from "../edits.ts";
import { limitsOf, policyOf, rangesOf, spanOf, usersOf } from "./arguments.ts";
import { countedOf, isVersion } from "./console_folder.ts";
import type { Change } from "./show_console.ts";

const DEFAULT_BAN_MS = 3_600_000;
/** How long ahead a word counts that says no time: all hosts begin together, and phones know it before. */
const GO_LEAD_MS = 2_000;

/** What is asked for: its words, and when. */
export interface Asked {
  readonly action: string;
  readonly operands: readonly string[];
  /** In unix ms; absent: now, or as soon as everybody can. */
  readonly atMs: number | undefined;
  readonly nowMs: number;
  /** How long a ban lasts. */
  readonly forMs: number | undefined;
}

type Edited = Pick<Change, "edit" | "atMs" | "isUrgent" | "replaces">;

/** What it takes besides flags, for the help; and what it comes to. */
interface ActionDefinition {
  readonly takes: string;
  readonly help: string;
  make(asked: Asked, history: readonly SignedShow[]): Edited;
}

/** The changes of a show, by name: one table for the command line and the page. */
export const CHANGES: Readonly<Record<string, ActionDefinition>> = {
  go: {
    takes: "[WAVE]",
    help:
      "lets the held show go on, or one wave that stands still or waits for its go; in 2 s if no time is given",
    make({ operands: [wave, ...more], atMs, nowMs }) {
      refuseMore("go", more);
      return { edit: (content) => gone(content, wave, atMs ?? nowMs + GO_LEAD_MS) };
    },
  },
  hold: {
    takes: "[WAVE]",
    help: "lets the whole show, or one wave, stand still: at once, whoever is missing",
    make({ operands: [wave, ...more], atMs, nowMs }) {
      refuseMore("hold", more);
      return { edit: (content) => held(content, wave, atMs ?? nowMs), isUrgent: true };
    },
  },
  shift: {
    takes: "+40s [WAVE]",
    help: "lets all waves that have not begun, or one, begin later; -40s takes that back",
    make({ operands: [by, wave, ...more] }) {
      refuseMore("shift", more);
      const byMs = spanOf(by, "shift");
      return { edit: (content, nowMs) => shifted(content, wave, byMs, nowMs) };
    },
  },
  cut: {
    takes: "WAVE",
    help: "gives nothing more of a wave; two persons",
    make({ operands: [wave, ...more], atMs }) {
      refuseMore("cut", more);
      if (wave === undefined) throw new UserError("cut: give the wave that is cut");
      return { edit: (content) => cut(content, wave), atMs };
    },
  },
  level: {
    takes: "N",
    help: "the least level of shedding at every host, 0 to 3",
    make({ operands: [level, ...more], atMs }) {
      refuseMore("level", more);
      if (!/^[0-3]$/.test(level ?? "")) throw new UserError("level: give 0, 1, 2 or 3");
      return { edit: (content) => levelled(content, Number(level)), atMs };
    },
  },
  limits: {
    takes: "NAME=N|none ...",
    help: "what each host takes at most: shakesPerS, loginsPerS, acceptsPerS, connections",
    make({ operands, atMs }) {
      const limits = limitsOf(operands);
      return { edit: (content) => limited(content, limits), atMs };
    },
  },
  policy: {
    takes: "interval=10s jitter=500ms retry=500ms-30s | none",
    help: "how phones behave",
    make({ operands, atMs }) {
      const policy = policyOf(operands);
      return { edit: (content) => policed(content, policy), atMs };
    },
  },
  resources: {
    takes: "VERSION SHA256 URL ... | none",
    help: "the manifest of what phones fetch in idle time",
    make({ operands, atMs }) {
      const resources = resourcesOf(operands);
      return { edit: (content) => resourced(content, resources), atMs };
    },
  },
  ban: {
    takes: "USER ...",
    help:
      `these users are out for as long as --for says; more than ${MAX_BANS_PER_MINUTE} in a minute need a second person`,
    make: (asked) => banning("out", asked),
  },
  mute: {
    takes: "USER ...",
    help: "the same, but they stay and open what they have won; they win nothing",
    make: (asked) => banning("mute", asked),
  },
  unban: {
    takes: "USER ...",
    help: "takes bans back",
    make({ operands, atMs }) {
      const users = usersOf("unban", operands);
      return { edit: (content) => unbanned(content, users), atMs };
    },
  },
  protect: {
    takes: "USER|FIRST-LAST ... | none",
    help: "nobody can ban these users; takes the place of those that were protected",
    make({ operands, atMs }) {
      const ranges = rangesOf("protect", operands);
      return { edit: (content) => protecting(content, ranges), atMs };
    },
  },
  rollback: {
    takes: "[VERSION]",
    help:
      "drops a change that waits for its time, or goes back to the document before, or to the one that is named",
    make({ operands: [version, ...more], atMs, nowMs }, history) {
      refuseMore("rollback", more);
      return {
        edit: (content) => rolledBack(content, contentOf(target(history, version, nowMs).document)),
        atMs,
        replaces: true,
      };
    },
  },
};

function banning(level: ShowBan["level"], { action, operands, atMs, nowMs, forMs }: Asked): Edited {
  const users = usersOf(action, operands);
  const untilMs = Math.floor((atMs ?? nowMs) + (forMs ?? DEFAULT_BAN_MS));
  return { edit: (content, editMs) => banned(content, users, { level, untilMs }, editMs), atMs };
}

function target(history: readonly SignedShow[], version: string | undefined, nowMs: number): SignedShow {
  const named = history.find((show) => version !== undefined && isVersion(show, version));
  if (named !== undefined) return named;
  if (version !== undefined) throw new UserError(`rollback: this console has issued no document ${version}`);
  // What waits for its time is dropped by issuing once more what counts.
  const counted = countedOf(history, nowMs);
  const isWaiting = counted.at(-1) !== history.at(-1);
  const found = counted.at(isWaiting ? -1 : -2);
  if (found === undefined) throw new UserError("rollback: there is no document before this one");
  return found;
}

function resourcesOf(operands: readonly string[]): ShowContent["resources"] {
  if (operands.length === 1 && operands[0] === "none") return null;
  const [version, sha256, ...where] = operands;
  if (!/^[1-9]\d{0,9}$/.test(version ?? "") || !/^[0-9a-f]{64}$/.test(sha256 ?? "") || where.length === 0) {
    throw new UserError(
      "resources: give the manifest's version, its SHA-256 in hex, and one or more URLs; or none",
    );
  }
  return { version: Number(version), sha256, where: where.map((url) => url.replace(/\/+$/, "")) };
}

function refuseMore(action: string, more: readonly string[]): void {
  if (more.length > 0) throw new UserError(`${action}: ${more.join(" ")}: is too much`);
}
