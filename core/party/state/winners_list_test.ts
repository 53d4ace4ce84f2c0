import assert from "node:assert/strict";
import type { Party } from "./party_folder.ts";
import { equalPlan, PartyTickets, readPartyPlan } from "./party_plan.ts";
import { type Winner, winnersCsv, winnersHtml } from "./winners_list.ts";

const plan = readPartyPlan(
  equalPlan({
    name: "A & B <evening>",
    sponsors: ["Tea", "=SUM(A1)"],
    budgetYuan: 10,
    packets: 10,
    waves: 2,
    waveSeconds: 60,
    perGuest: 3,
    guests: 9,
    language: "en" as const,
  }),
  "party",
);
const party = { plan, endedAt: "2026-02-16T21:00:00.000Z" } as Party;
const wonMs = Date.UTC(2026, 1, 16, 20);
const win = { packetId: 1, user: 7, amountFen: 120, sponsor: 1, wonMs, openedMs: wonMs, hasLapsed: false };
const winners: Winner[] = [
  {
    user: 7,
    name: '<script>"x"</script>',
    packets: [win, { ...win, packetId: 6, sponsor: 2, openedMs: 0 }],
    amountFen: 120,
  },
  {
    user: 8,
    name: "=cmd|'/c calc'!A0",
    packets: [{ ...win, packetId: 2, user: 8, amountFen: 5 }],
    amountFen: 5,
  },
];

Deno.test("a name is text in the CSV too: no quote ends it, and no spreadsheet calculates it", () => {
  const [, ...lines] = winnersCsv(winners, party, new PartyTickets(plan)).split("\r\n");
  assert.deepEqual(lines, [
    '7,"<script>""x""</script>",1,1,"Tea",120,won,2026-02-16T20:00:00.000Z',
    '7,"<script>""x""</script>",6,2,"\'=SUM(A1)",0,not opened,2026-02-16T20:00:00.000Z',
    '8,"\'=cmd|\'/c calc\'!A0",2,1,"Tea",5,won,2026-02-16T20:00:00.000Z',
    "",
  ]);
});

Deno.test("the page to print has every name as text, allows no script, and sums up", () => {
  const html = winnersHtml(winners, party, 0);
  assert.ok(!html.includes("<script"));
  assert.match(html, /default-src 'none'/);
  assert.match(html, /<h1>A &#38; B &#60;evening&#62;<\/h1>/);
  assert.match(html, /2 winners, 1\.25 yuan · 2026-02-16 · ledger checked: ok/);
  assert.match(html, /<td>1<\/td><td>1\.20 yuan<\/td>/, "one of two packets was opened");
});

Deno.test("the page is in the language of the evening", () => {
  const chinese = { ...party, plan: { ...plan, language: "zh" as const } };
  const html = winnersHtml(winners, chinese, 3);
  assert.match(html, /<html lang="zh-CN">/);
  assert.match(html, /2 人中奖，共 1\.25 元 · 2026-02-16 · 账本有 3 处问题/);
  assert.ok(
    !/[A-Za-z]/.test(
      html.slice(html.indexOf("<thead>"), html.indexOf("</thead>")).replaceAll(/<[^>]*>/g, ""),
    ),
  );
});
