/** The page as a whole: data comes in, tiles and lists are filled, keys do what buttons do. */
import type { AllCounters, PageHistory, PageSecond } from "../../view/page_state.ts";
import type { Unit } from "../../timeline/charts.ts";
import { redrawCharts, startCharts, updateCharts } from "./charts.ts";
import { startControl } from "./control.ts";
import { drawShow, startShow } from "./show.ts";
import { drawMoney } from "./money.ts";
import {
  countTargets,
  drawClusters,
  drawHosts,
  drawTargets,
  putTargets,
  startTargets,
  troubledTargets,
} from "./targets.ts";
import { panTime, putSecond, setTimeRange, timeline, zoomTime } from "./time_range.ts";
import { byId, clockTime, element, format } from "./words.ts";

let isHeld = false;

/** Tiles: what one looks at first. Each is a line of a chart, by chart and label. */
const tiles: readonly [chart: string, labels: readonly string[], title: string][] = [
  ["rate", ["due (fleet)"], "due"],
  ["rate", ["sent (fleet)"], "sent"],
  ["rate", ["answered (fleet)", "frames answered (servers)"], "answered"],
  ["packets", ["won (fleet)", "won (servers)"], "won"],
  ["results", ["not sent"], "not sent"],
  ["results", ["lost"], "lost"],
  ["latency", ["p50"], "p50"],
  ["latency", ["p99"], "p99"],
  ["accounts", ["off by"], "money"],
  ["connections", ["open (servers)", "connected (fleet)"], "connections"],
  ["money", ["won (servers)", "won (fleet)"], "won in all"],
  ["books", ["behind"], "books behind"],
  ["show", ["document"], "show"],
  ["show", ["holding"], "holding"],
  ["level", ["level"], "level"],
  ["cpu", ["servers"], "servers' CPU"],
];

async function loadPage(): Promise<void> {
  const response = await fetch("/api/history");
  if (!response.ok) throw new Error(`status ${response.status}`);
  timeline.data = await response.json() as PageHistory;
  startCharts();
  putTargets(timeline.data.targets);
  drawHosts(timeline.data.clientHosts);
  drawClusters(timeline.data.places);
  drawTiles();
  drawMarks();
  drawMoney(timeline.data.money);
  drawTargets();
  drawStatus();
}

function listen(): void {
  const events = new EventSource("/events");
  let hasOpened = false;
  events.addEventListener("open", () => {
    // After a break, or a restart of the monitor, what is here may be old: ask anew.
    if (hasOpened) loadPage().catch(() => {});
    hasOpened = true;
    setLink("live");
  });
  events.addEventListener("error", () => setLink("lost"));
  events.addEventListener("second", ({ data }) => {
    const { point, targets, places, clientHosts, health } = JSON.parse(data) as PageSecond;
    putSecond(point);
    putTargets(targets);
    timeline.data.clientHosts = clientHosts;
    timeline.data.places = places;
    timeline.data.health = health;
    document.dispatchEvent(new CustomEvent("targets"));
    if (!isHeld) drawSoon();
  });
  // A server has charts that weren't there, and points hold other lines from now on.
  events.addEventListener("charts", () => void loadPage().catch(() => {}));
  events.addEventListener("money", ({ data }) => isHeld || drawMoney(JSON.parse(data)));
  events.addEventListener("show", ({ data }) => drawShow(JSON.parse(data)));
  events.addEventListener("mark", ({ data }) => {
    timeline.data.marks.push(JSON.parse(data));
    drawMarks();
    if (!isHeld) updateCharts();
  });
}

let isDrawing = false;
/** Once a frame at most, and not while nobody looks. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    updateCharts();
    drawTiles();
    drawTargets();
    drawHosts(timeline.data.clientHosts);
    drawClusters(timeline.data.places);
    drawStatus();
    drawCounters();
  });
}

type LinkState = "wait" | "live" | "lost";

const healthWords = { good: "live", warn: "live, not all are served", bad: "users aren't served" };
const linkWords = { wait: "connecting", lost: "no connection, trying again" };

/** The dot: whether there is news, and whether users are served by it. */
function setLink(state: LinkState): void {
  const { level, texts } = timeline.data.health;
  const link = byId("link");
  link.dataset.state = state;
  link.dataset.health = level;
  link.title = texts.join("\n");
  byId("link-text").textContent = state === "live"
    ? (isHeld ? "frozen" : healthWords[level])
    : linkWords[state];
  const ills = byId("ills");
  ills.hidden = texts.length === 0;
  ills.className = `card ${level}`;
  ills.textContent = texts.join(" · ");
}

/** What a chart's line says last; undefined if there is no such line, nobody tells of it, or it is seldom and isn't now. */
function lineValue(id: string, label: string): { value: number | null; unit: Unit } | undefined {
  let first = 0;
  for (const { id: chart, lines, unit, isSparse } of timeline.data.charts) {
    const at = chart === id ? lines.indexOf(label) : -1;
    if (at >= 0) {
      const column = timeline.data.columns[first + at];
      const value = column?.at(-1) ?? null;
      return column === null || (isSparse === true && !value) ? undefined : { value, unit };
    }
    first += lines.length;
  }
  return undefined;
}

function drawTiles(): void {
  const parts = tiles.flatMap(([id, labels, title]) => {
    const found = labels.flatMap((label) => lineValue(id, label) ?? []);
    const line = found.find(({ value }) => value !== null) ?? found.at(0);
    if (line === undefined) return [];
    const isMoney = id === "accounts" && line.value !== null;
    const text = !isMoney
      ? format(line.value, line.unit)
      : line.value === 0
      ? "OK"
      : `OFF BY ${format(line.value, line.unit)}`;
    const value = element("dd", { class: isMoney && (line.value === 0 ? "good" : "bad") }, text);
    return [element("div", { class: "tile" }, element("dt", {}, title), value)];
  });
  byId("tiles").replaceChildren(...parts);
}

function drawStatus(): void {
  const { reporting: told, seconds } = timeline.data;
  const [reporting, expected] = told.at(-1) ?? [0, 0];
  const last = seconds.at(-1);
  byId("charts").dataset.points = String(seconds.length);
  const parts = Object.entries(countTargets()).map(([name, count]) => `${count} ${name}`);
  byId("status").textContent = [
    last === undefined ? "no data yet" : clockTime(last),
    parts.join(", ") || "no targets",
    expected > reporting ? `${expected - reporting} late` : "",
  ].filter(Boolean).join(" · ");
  setLink(byId("link").dataset.state as LinkState);
  const trouble = troubledTargets();
  document.title = `${trouble > 0 ? `(${trouble}) ` : ""}redpkt monitor`;
}

function drawMarks(): void {
  const marks = timeline.data.marks.slice(-200).reverse();
  byId("marks").replaceChildren(
    ...marks.map(({ atMs, kind, text, who }) =>
      element(
        "li",
        { class: kind },
        element(
          "button",
          {
            type: "button",
            title: "Shows the minute around it",
            onclick: () => setTimeRange({ kind: "fixed", from: atMs / 1000 - 30, to: atMs / 1000 + 30 }),
          },
          element("time", {}, clockTime(atMs / 1000)),
          element("span", {}, text),
          who ? element("em", {}, who) : "",
        ),
      )
    ),
  );
  byId("no-marks").hidden = marks.length > 0;
}

async function drawCounters(): Promise<void> {
  if (!byId<HTMLDetailsElement>("counters").open) return;
  const roles: AllCounters = await (await fetch("/api/counters")).json();
  const wanted = byId<HTMLInputElement>("counter-filter").value.toLowerCase();
  const rows = Object.entries(roles).flatMap(([role, { totals, deltas, gauges }]) => [
    ...Object.entries(totals).map(([name, total]) => [role, name, total, deltas[name] ?? 0] as const),
    ...Object.entries(gauges).map(([name, value]) => [role, name, value, undefined] as const),
  ]).filter(([role, name]) => `${role} ${name}`.toLowerCase().includes(wanted));
  byId("counter-body").replaceChildren(
    ...rows.map(([role, name, total, delta]) =>
      element(
        "tr",
        { class: total === 0 ? "zero" : false },
        element("td", {}, role),
        element("td", {}, name),
        element("td", { class: "number" }, format(total, "count")),
        element("td", { class: "number" }, delta === undefined ? "" : format(delta, "perSecond")),
      )
    ),
  );
}

// What a button does, a key does too.
const ranges = [60, 300, 900, 3600, 0];
function pressRange(): void {
  const { range } = timeline;
  for (const button of document.querySelectorAll<HTMLElement>("[data-seconds]")) {
    const isOn = range.kind === "follow" && range.seconds === Number(button.dataset.seconds);
    button.setAttribute("aria-pressed", String(isOn));
  }
}
const follow = (seconds: number) => setTimeRange({ kind: "follow", seconds });
function hold(): void {
  isHeld = !isHeld;
  byId("hold").setAttribute("aria-pressed", String(isHeld));
  byId("hold").textContent = isHeld ? "Go on" : "Freeze";
  setLink(byId("link").dataset.state as LinkState);
  if (!isHeld) drawSoon();
}
function applyTheme(): void {
  const chosen = localStorage.getItem("theme");
  const isDark = chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  redrawCharts();
}
function otherTheme(): void {
  localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  applyTheme();
}
const keys: Record<string, () => void> = {
  " ": hold,
  h: hold,
  f: () => follow(300),
  t: otherTheme,
  "+": () => zoomTime(0.5),
  "=": () => zoomTime(0.5),
  "-": () => zoomTime(2),
  ArrowLeft: () => panTime(-0.25),
  ArrowRight: () => panTime(0.25),
  "/": () => byId("filter").focus(),
  "?": () => byId<HTMLDialogElement>("help").showModal(),
  ...Object.fromEntries(ranges.map((seconds, i) => [String(i + 1), () => follow(seconds)])),
};

function startPage(): void {
  applyTheme();
  startTargets();
  startControl();
  startShow();
  document.addEventListener("range", pressRange);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
  for (const button of document.querySelectorAll<HTMLElement>("[data-seconds]")) {
    button.addEventListener("click", () => follow(Number(button.dataset.seconds)));
  }
  byId("hold").addEventListener("click", hold);
  byId("theme").addEventListener("click", otherTheme);
  byId("keys").addEventListener("click", () => byId<HTMLDialogElement>("help").showModal());
  byId("help-close").addEventListener("click", () => byId<HTMLDialogElement>("help").close());
  byId("counters").addEventListener("toggle", drawCounters);
  byId("counter-filter").addEventListener("input", drawCounters);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    if (target.closest("input, select, textarea, dialog[open]")) return;
    if (event.key === " " && target.closest("button, summary")) return;
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  loadPage().then(() => {
    pressRange();
    listen();
  }).catch((error) => {
    byId("status").textContent = `The monitor's data can't be read: ${error.message}`;
    setLink("lost");
    // deno-lint-ignore redpkt/no-ambient -- this runs in a browser
    setTimeout(() => location.reload(), 3000);
  });
}
startPage();
