/** The table of targets: sorted, filtered, with a bar of connections by SET. */
import type { Unit } from "../../timeline/charts.ts";
import type { PlaceRow } from "../../collect/places.ts";
import type { TargetRow } from "../../view/page_state.ts";
import { byId, element, format } from "./words.ts";

interface TargetColumn {
  readonly key: keyof TargetRow;
  readonly title: string;
  readonly unit?: Unit;
  readonly hint?: string;
  readonly cell?: (row: TargetRow) => Node | string;
  readonly isUnsorted?: boolean;
}

const targetColumns: readonly TargetColumn[] = [
  { key: "state", title: "State", cell: (row) => stateCell(row) },
  { key: "name", title: "Target", cell: (row) => element("span", { title: row.url }, row.name) },
  { key: "role", title: "Role" },
  { key: "connections", title: "Connections", unit: "count" },
  { key: "sets", title: "By SET", cell: (row) => bars(row.sets), isUnsorted: true },
  { key: "answered", title: "Answered", unit: "perSecond" },
  { key: "p99Us", title: "p99", unit: "us" },
  { key: "cpu", title: "CPU", unit: "percent" },
  { key: "rss", title: "Memory", unit: "bytes" },
  { key: "loopMs", title: "Loop delay", unit: "ms" },
  { key: "missing", title: "Missing", unit: "count", hint: "Seconds of which it has not told" },
  { key: "lateS", title: "Late", unit: "count", hint: "Seconds of which it told late" },
  { key: "restarts", title: "Restarts", unit: "count" },
];
const MOST_ROWS = 200;
/** The rows as they came last, and how they are shown. */
let targetRows: readonly TargetRow[] = [];
const order = { key: "name" as keyof TargetRow, isDown: false, filter: "" };

/** Every city and cluster: what its hosts tell together, and what is lost of it. */
export function drawClusters(places: readonly PlaceRow[]): void {
  byId("clusters").hidden = places.length === 0;
  byId("cluster-body").replaceChildren(
    ...places.map(({ kind, name, city, hosts, lost, ended, connections, answered, p99Us }) => {
      const state = lost === hosts
        ? "lost"
        : lost > 0
        ? `${lost} lost`
        : ended > 0
        ? `${ended} ended`
        : "live";
      const look = lost > 0 ? "down" : ended > 0 ? "ended" : "live";
      const cells = [
        element("span", { class: `state ${look}` }, state),
        kind === "city" ? element("b", {}, name) : `${name}${city === "" ? "" : ` (${city})`}`,
        `${hosts - lost - ended} of ${hosts}`,
        format(connections, "count"),
        format(answered, "perSecond"),
        format(p99Us, "us"),
      ];
      return element(
        "tr",
        {},
        ...cells.map((cell, i) => element("td", { class: i > 1 ? "number" : false }, cell)),
      );
    }),
  );
}

/** Takes the rows of a second; `drawTargets` shows them. */
export function putTargets(rows: readonly TargetRow[]): void {
  targetRows = rows;
}

/** Who is connected to the servers, by client host. */
export function drawHosts(hosts: readonly (readonly [host: string, connections: number])[]): void {
  byId("hosts").hidden = hosts.length === 0;
  const most = Math.max(1, ...hosts.map(([, connections]) => connections));
  byId("host-list").replaceChildren(
    ...hosts.map(([host, connections]) =>
      element(
        "li",
        {},
        element("span", {}, host),
        element("b", {}, format(connections, "count")),
        element("progress", { value: String(connections), max: String(most), "aria-label": host }),
      )
    ),
  );
}

/** Makes the head of the table. */
export function startTargets(): void {
  const head = element("tr");
  for (const { key, title, hint = `Sorts by ${title.toLowerCase()}`, isUnsorted, unit } of targetColumns) {
    const button = isUnsorted
      ? title
      : element("button", { type: "button", title: hint, onclick: () => sortBy(key) }, title);
    head.append(element("th", { scope: "col", "data-key": key, class: unit ? "number" : false }, button));
  }
  byId("target-head").replaceChildren(head);
  const filter = byId<HTMLInputElement>("filter");
  filter.addEventListener("input", () => {
    order.filter = filter.value.toLowerCase();
    drawTargets();
  });
}

function sortBy(key: keyof TargetRow): void {
  order.isDown = order.key === key ? !order.isDown : false;
  order.key = key;
  drawTargets();
}

function stateCell({ state: name, why }: TargetRow): HTMLElement {
  const kind = name.replaceAll(" ", "-");
  const state = element("span", { class: `state ${kind}` }, name);
  return why ? element("span", {}, state, element("small", {}, ` ${why}`)) : state;
}

function bars(sets: readonly number[]): HTMLElement {
  const most = Math.max(1, ...sets);
  const strip = element("span", {
    class: "bars",
    role: "img",
    title: sets.join(", "),
    "aria-label": `by SET: ${sets.join(", ")}`,
  });
  for (const count of sets) {
    strip.append(element("i", { style: `height:${Math.max(6, 100 * count / most)}%` }));
  }
  return strip;
}

/** Draws the rows anew. */
export function drawTargets(): void {
  const { key: sortKey, isDown, filter } = order;
  const rows = targetRows.filter((row) =>
    `${row.name} ${row.role} ${row.state} ${row.cluster} ${row.city}`.toLowerCase().includes(filter)
  );
  rows.sort((a, b) => compare(a[sortKey], b[sortKey]) * (isDown ? -1 : 1) || compare(a.name, b.name));
  for (const th of document.querySelectorAll<HTMLElement>("#target-head th")) {
    const isSorted = th.dataset.key === sortKey;
    th.setAttribute("aria-sort", isSorted ? (isDown ? "descending" : "ascending") : "none");
  }
  byId("target-body").replaceChildren(
    ...rows.slice(0, MOST_ROWS).map((row) =>
      element(
        "tr",
        {},
        ...targetColumns.map(({ key, unit, title, cell }) =>
          element(
            "td",
            { class: unit ? "number" : false, "data-title": title },
            cell ? cell(row) : unit ? format(row[key] as number | null, unit) : String(row[key] ?? ""),
          )
        ),
      )
    ),
  );
  const more = rows.length - MOST_ROWS;
  byId("target-more").textContent = more > 0 ? `${more} more: filter to see them` : "";
}

type Cell = TargetRow[keyof TargetRow];

function compare(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Targets by the city or cluster that they are in. */
export function targetsByPlace(): ReadonlyMap<string, ReadonlySet<string>> {
  const places = new Map<string, Set<string>>();
  for (const { name, cluster, city } of targetRows) {
    for (const place of [cluster, city]) {
      if (place !== "") places.set(place, (places.get(place) ?? new Set()).add(name));
    }
  }
  return places;
}

/** By state, how many. */
export function countTargets(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state: name } of targetRows) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** How many targets are in trouble. */
export function troubledTargets(): number {
  return targetRows.filter(({ state }) => !["live", "ended", "connecting"].includes(state)).length;
}
