import { formatCount } from "../../base/units.ts";
import type { ShowStatus, WaveStatus } from "./status.ts";

const MAX_NAMED = 10;

/** The show for people: the cue sheet, who has it, and what is wrong. */
export function statusText(status: ShowStatus): string {
  const { version, wallMs, activateMs, isHeld, level, waves, paths, places } = status;
  const lines = version === null
    ? ["no show: no path has a document"]
    : [`show ${version}${isHeld ? ", HELD" : ""}, level ${level}${waits(activateMs, wallMs)}`];
  if (waves.length > 0) {
    const width = Math.max(...waves.map(({ name }) => name.length));
    lines.push("", ...waves.map((wave) => waveLine(wave, width, wallMs)));
  }
  lines.push(
    "",
    ...places.map(({ city, cluster, hosts, acked }) =>
      `  ${[city, cluster].filter((text) => text !== "").join(" / ") || "hosts"}: ` +
      `${formatCount(acked)} of ${formatCount(hosts)} have it`
    ),
    ...paths.map(({ name, isConnected, has }) =>
      `  ${name}: ${isConnected ? "up" : "DOWN"}, has ${has ?? "none"}`
    ),
  );
  const wrong = wrongLines(status);
  if (wrong.length > 0) lines.push("", ...wrong);
  return `${lines.join("\n")}\n`;
}

/** What somebody should look at, a line each. */
export function wrongLines({ hosts, ownClockOffMs }: ShowStatus): string[] {
  const named = (some: typeof hosts) =>
    some.slice(0, MAX_NAMED).map(({ host }) => host).join(", ") + (some.length > MAX_NAMED ? ", ..." : "");
  const groups: [string, typeof hosts][] = [
    ["silent", hosts.filter(({ isPresent }) => !isPresent)],
    [
      "without the newest document",
      hosts.filter(({ isPresent, hasNewest, refuses }) => isPresent && !hasNewest && refuses === null),
    ],
    ["hold their packets, since their clocks are off", hosts.filter(({ isHolding }) => isHolding)],
  ];
  const lines = groups.filter(([, some]) => some.length > 0).map(([what, some]) =>
    `  ${formatCount(some.length)} ${what}: ${named(some)}`
  );
  const refusing = hosts.filter(({ refuses }) => refuses !== null);
  lines.push(...refusing.slice(0, MAX_NAMED).map(({ host, refuses }) => `  ${host} refuses it: ${refuses}`));
  if (ownClockOffMs !== 0) {
    lines.push(
      `  this console's clock is ${ownClockOffMs} ms ahead of most hosts': set it right before you change anything`,
    );
  }
  return lines;
}

function waits(activateMs: number | null, wallMs: number): string {
  if (activateMs === null || activateMs <= wallMs) return "";
  return `, counts in ${countdown(activateMs - wallMs)}`;
}

function waveLine(
  { name, state, startMs, lengthMs, pausedMs }: WaveStatus,
  width: number,
  wallMs: number,
): string {
  const start = new Date(startMs).toISOString().slice(11, 19);
  const words: Record<WaveStatus["state"], string> = {
    cut: "cut",
    "waits for go": "waits for go",
    held: `held since ${new Date(pausedMs ?? 0).toISOString().slice(11, 19)}`,
    planned: `in ${countdown(startMs - wallMs)}`,
    plays: `plays, ${countdown(startMs + lengthMs - wallMs)} left`,
    over: "over",
  };
  return `  ${name.padEnd(width)}  ${start}  ${String(lengthMs / 1000).padStart(6)} s  ${words[state]}`;
}

/** Such as `4 s` and `1:05:09`. */
export function countdown(ms: number): string {
  const s = Math.ceil(ms / 1000);
  if (s < 60) return `${s} s`;
  const parts = [Math.floor(s / 60) % 60, s % 60].map((part) => String(part).padStart(2, "0"));
  return s < 3600 ? parts.join(":") : `${Math.floor(s / 3600)}:${parts.join(":")}`;
}
