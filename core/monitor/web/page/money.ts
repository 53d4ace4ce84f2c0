/** Where the money is: accounts with their sum, waves, and each sponsor in each wave. */
import { missingFen, moneyLine, moneyOfAccounts } from "../../../charts/money_line.ts";
import { formatOf, formatYuan } from "../../../base/units.ts";
import type { MoneyPlace } from "../../money/money_places.ts";
import type { MoneyView, WaveSum } from "../../money/money_view.ts";
import { byId, clockTime, element, format } from "./words.ts";

const MOST_PLACES = 60;
const count = (value: number) => format(value, "count");
const placeColumns: readonly [title: string, hint: string, cell: (place: MoneyPlace) => Node | string][] = [
  ["In the pool", "Not won, due or not", (place) => formatYuan(place.poolFen)],
  ["Due", "Could have been won by now", (place) => formatYuan(place.dueFen)],
  ["Awarded", "Won by users", (place) => `${formatYuan(place.awardedFen)} (${count(place.awards)})`],
  ["Opened", "Of what was awarded", (place) => formatYuan(place.openedFen)],
  [
    "Pending",
    "Awarded, not known to have arrived",
    (place) => formatYuan(place.awardedFen - place.deliveredFen),
  ],
  ["Returned", "Back at the sponsor", (place) => formatYuan(place.returnedFen)],
  ["Lasts", "The pool, at the present rate", (place) => duration(place.secondsLeft)],
  ["User limit", "Refused: a user has all they may have", (place) => count(place.refusedByUserLimit)],
  [
    "Sponsor's limit",
    "Refused: a user has all of this sponsor that they may have",
    (place) => count(place.refusedBySponsorLimit),
  ],
  ["Sum", "In the pool, awarded and returned, less what was put in", (place) => sumText(place.offByFen)],
];

function duration(seconds: number | null): string {
  if (seconds === null) return "-";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 360_000 ? `${Math.round(seconds / 3600)} h` : "over 100 h";
}

const sumText = (offByFen: number) =>
  offByFen === 0
    ? element("span", { class: "good", title: "0, as it must be" }, "0")
    : element("b", { class: "bad" }, `off by ${formatYuan(offByFen)}`);

/** Draws what the servers said last; nothing before they have. */
export function drawMoney(money: MoneyView | null): void {
  byId("money").hidden = money === null;
  if (money === null) return;
  const { accounts, sums, told, asked, waves, places, inAll, placesLeftOut } = money;
  const check = byId("money-sum");
  const all = moneyOfAccounts(sums);
  check.textContent = moneyLine(all);
  check.className = missingFen(all) === 0 ? "good" : "bad";
  byId("money-told").textContent = told === asked ? "" : `${told} of ${formatOf(asked, "server")} told`;
  byId("accounts").replaceChildren(...accounts.map(({ words, fen }) => accountRow(words, formatYuan(fen))));
  byId("waves").replaceChildren(...waves.map(waveItem));
  byId("waves").hidden = waves.length === 0;
  byId("places").hidden = places.length === 0;
  byId("place-head").replaceChildren(
    element("th", { scope: "col" }, "Sponsor"),
    element("th", { scope: "col" }, "Wave"),
    ...placeColumns.map(([title, hint]) =>
      element("th", { scope: "col", class: "number", title: hint }, title)
    ),
  );
  byId("place-body").replaceChildren(
    placeRow(inAll, element("b", {}, "all")),
    ...places.slice(0, MOST_PLACES).map((place) =>
      placeRow(place, place.sponsor === 0 ? "others" : String(place.sponsor))
    ),
  );
  const more = Math.max(0, places.length - MOST_PLACES) + placesLeftOut;
  byId("place-more").textContent = more > 0 ? `and ${count(more)} rows more` : "";
}

const accountRow = (name: string, value: string) =>
  element("div", {}, element("dt", {}, name), element("dd", {}, value));

const placeRow = (place: MoneyPlace, name: Node | string) =>
  element(
    "tr",
    {},
    element("td", {}, name),
    element("td", { class: "note" }, place.wave),
    ...placeColumns.map(([, , cell]) => element("td", { class: "number" }, cell(place))),
  );

function waveItem({ wave: name, state, start, tickets, released, behindMs }: WaveSum): HTMLElement {
  const part = tickets === 0 ? 1 : released / tickets;
  const time = clockTime(Date.parse(start) / 1000);
  return element(
    "li",
    {},
    element("b", {}, name),
    element(
      "span",
      { class: "note" },
      `${state}, from ${time}${behindMs > 1000 ? `, ${Math.round(behindMs / 1000)} s behind` : ""}`,
    ),
    element("progress", { value: String(part), max: "1", "aria-label": `${name} released` }),
    element(
      "span",
      { class: "note" },
      `${format(released, "count")} of ${format(tickets, "count")} released`,
    ),
  );
}
