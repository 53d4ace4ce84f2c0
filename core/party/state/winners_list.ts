import { yuan } from "../../phone/page/words.ts";
import type { Guests } from "./guests.ts";
import type { Party } from "./party_folder.ts";
import type { PartyTickets } from "./party_plan.ts";
import type { Win, Wins } from "./wins.ts";

/** One who has won, and what. */
export interface Winner {
  readonly user: number;
  readonly name: string;
  readonly packets: readonly Win[];
  /** What is theirs: what was won and never opened isn't. */
  readonly amountFen: number;
}

/** Who has won what, the most first, as the ledger says. */
export function winnersOf(wins: Wins, guests: Guests): Winner[] {
  const users = new Set([...wins.all].map(({ user }) => user));
  return [...users].map((user) => {
    const packets = wins.of(user);
    const amountFen = packets.reduce((sum, win) => sum + (win.openedMs === 0 ? 0 : win.amountFen), 0);
    return { user, name: guests.guest(user)?.name ?? `guest ${user}`, packets, amountFen };
  }).sort((a, b) => b.amountFen - a.amountFen || a.user - b.user);
}

/** The list as CSV, a packet a line, for whoever pays. */
export function winnersCsv(
  winners: readonly Winner[],
  { plan }: Pick<Party, "plan">,
  tickets: PartyTickets,
): string {
  const lines = winners.flatMap(({ user, name, packets }) =>
    packets.map((win) =>
      [
        user,
        quoted(name),
        win.packetId,
        tickets.waveOf(win.packetId) + 1,
        quoted(plan.sponsors[win.sponsor - 1]?.name ?? ""),
        win.openedMs === 0 ? 0 : win.amountFen,
        win.openedMs === 0 ? "not opened" : "won",
        new Date(win.wonMs).toISOString(),
      ].join(",")
    )
  );
  // Spreadsheets take a text for UTF-8 by its first letter.
  return `\ufeff${
    ["guest,name,packet,wave,sponsor,amount_fen,state,won_at", ...lines].map((line) => `${line}\r\n`).join("")
  }`;
}

/** A text in CSV. A spreadsheet takes one that begins so for a formula: an apostrophe makes it a text again. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** What the page says, in the evening's language. */
const WORDS = {
  en: {
    lang: "en",
    winners: (count: number, sum: string) => `${count} ${count === 1 ? "winner" : "winners"}, ${sum}`,
    money: (yuan: string) => `${yuan} yuan`,
    good: "ledger checked: ok",
    bad: (problems: number) => `ledger: ${problems} ${problems === 1 ? "problem" : "problems"}`,
    heads: ["#", "Name", "Guest", "Packets", "Amount", "Signature"],
  },
  zh: {
    lang: "zh-CN",
    winners: (count: number, sum: string) => `${count} 人中奖，共 ${sum}`,
    money: (yuan: string) => `${yuan} 元`,
    good: "账本核对无误",
    bad: (problems: number) => `账本有 ${problems} 处问题`,
    heads: ["序号", "姓名", "编号", "红包", "金额", "签名"],
  },
} as const;

/**
 * The list as a page to print.
 *
 * @param problems how many the check of the ledger has found
 */
export function winnersHtml(
  winners: readonly Winner[],
  party: Pick<Party, "plan" | "endedAt">,
  problems: number,
): string {
  const { name, sponsors, language } = party.plan;
  const words = WORDS[language];
  const sumFen = winners.reduce((sum, { amountFen }) => sum + amountFen, 0);
  const rows = winners.map(({ user, name, packets, amountFen }, i) =>
    `<tr><td>${i + 1}</td><td>${escaped(name)}</td><td>${user}</td><td>${
      packets.filter(({ openedMs }) => openedMs > 0).length
    }</td>` +
    `<td>${words.money(yuan(amountFen))}</td><td class="sign"></td></tr>`
  );
  const verdict = problems === 0 ? words.good : words.bad(problems);
  return `<!DOCTYPE html><html lang="${words.lang}"><head><meta charset="utf-8">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>${escaped(name)}</title><style>
body{font:15px/1.4 system-ui,"Noto Sans SC","Noto Sans CJK SC",sans-serif;max-width:52em;margin:2em auto;padding:0 1em}
h1{margin:0;color:#b3121d}p{color:#555;margin:.3em 0}table{border-collapse:collapse;width:100%;margin-top:1.5em}
th,td{border-bottom:1px solid #ddd;padding:7px 8px;text-align:left;overflow-wrap:anywhere}
td:nth-child(5),th:nth-child(5){text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.sign{width:9em}thead{display:table-header-group}tr{break-inside:avoid}
@media print{body{margin:0;max-width:none}}
</style></head><body><main><h1>${escaped(name)}</h1>
<p>${escaped(sponsors.map((sponsor) => sponsor.name).join(" · "))}</p>
<p>${words.winners(winners.length, words.money(yuan(sumFen)))} · ${
    escaped((party.endedAt ?? "").slice(0, 10))
  } · ${verdict}</p>
<table><thead><tr>${words.heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></main></body></html>
`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
