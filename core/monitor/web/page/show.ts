/** The show: its cue sheet as a timeline with a countdown, who has it, and the director's words. */
import type { DeskOrder, DeskView } from "../../../show/console/desk.ts";
import type { WaveStatus } from "../../../show/console/status.ts";
import { call } from "./control.ts";
import { byId, clockTime, element } from "./words.ts";

let view: DeskView | undefined;
let wanted: DeskOrder | undefined;

/** The console's clock, which comes with every view; this browser's may be another. */
const consoleMs = () => view?.status.wallMs ?? 0;

export function startShow(): void {
  byId("show-go").addEventListener("click", () => askShow("go", []));
  // Holding is safe, and nobody has time for a question then.
  byId("show-hold").addEventListener("click", () => void act(orderOf("hold", [])));
  byId("show-form").addEventListener("submit", (event) => {
    event.preventDefault();
    askShow("shift", [byId<HTMLInputElement>("show-by").value.trim()]);
  });
  byId("show-set-level").addEventListener(
    "click",
    () => askShow("level", [byId<HTMLSelectElement>("show-level").value]),
  );
  byId("show-rollback").addEventListener("click", () => askShow("rollback", []));
  const confirm = byId<HTMLDialogElement>("show-confirm");
  byId("show-confirm-no").addEventListener("click", () => confirm.close());
  byId("show-confirm-yes").addEventListener("click", () => {
    confirm.close();
    if (wanted !== undefined) void act(wanted);
  });
  fetch("/api/show").then((response) => response.json()).then(
    (told) => told !== null && drawShow(told),
    () => {},
  );
}

export function drawShow(told: DeskView): void {
  view = told;
  const { status, wrong, journal } = told;
  byId("show").hidden = false;
  byId("show").classList.toggle("held", status.isHeld);
  const { version, isHeld, level } = status;
  byId("show-version").textContent = version === null
    ? "none yet: redpkt show init"
    : `${version}${isHeld ? " · HELD" : ""}${level > 0 ? ` · level ${level}` : ""}`;
  byId("show-hold").toggleAttribute("disabled", isHeld || version === null);
  byId("show-go").toggleAttribute("disabled", !isHeld);
  drawTimeline();
  drawWaves();
  drawPlaces();
  byId("show-wrong").replaceChildren(...wrong.map((line) => element("li", {}, line)));
  byId("show-journal").replaceChildren(
    ...journal.map(({ at, who, action, version, result }) =>
      element(
        "li",
        {},
        element("time", { datetime: at }, clockTime(Date.parse(at) / 1000)),
        ` ${who}: `,
        element("b", {}, action),
        ` ${version === null ? "" : `[${version}] `}${result}`,
      )
    ),
  );
  drawTime();
}

/** From the first begin to the last end, with a little around it. */
function spanOf(waves: readonly WaveStatus[]): { readonly fromMs: number; readonly toMs: number } {
  const nowMs = consoleMs();
  const all = waves.flatMap(({ startMs, lengthMs }) => [startMs, startMs + lengthMs]);
  const near = all.filter((ms) => Math.abs(ms - nowMs) < 24 * 3_600_000);
  const shown = [...(near.length === 0 ? all : near), ...(near.length === 0 ? [] : [nowMs])];
  const [first, last] = [Math.min(...shown), Math.max(...shown)];
  const marginMs = Math.max(1_000, (last - first) * 0.03);
  return { fromMs: first - marginMs, toMs: last + marginMs };
}

function drawTimeline(): void {
  const { waves } = view!.status;
  const { fromMs, toMs } = spanOf(waves);
  const percent = (ms: number) => `${((ms - fromMs) / (toMs - fromMs) * 100).toFixed(3)}%`;
  const cues = waves.map(({ name, state, startMs, lengthMs }) => {
    const cue = element(
      "span",
      { class: "cue", "data-state": state, title: `${name}: ${state}, ${clockTime(startMs / 1000)}` },
      name,
    );
    cue.style.left = percent(startMs);
    cue.style.width = percent(fromMs + lengthMs);
    return cue;
  });
  const now = byId("cue-now");
  now.style.left = percent(consoleMs());
  byId("cues").replaceChildren(...cues, now);
  byId("cues").hidden = waves.length === 0;
}

function drawWaves(): void {
  const { waves, isHeld } = view!.status;
  byId("cue-body").replaceChildren(...waves.map((wave) => {
    const { name, state, startMs, lengthMs } = wave;
    const button = (text: string, action: string) =>
      element("button", { type: "button", onclick: () => askShow(action, [name]) }, text);
    const isOpen = state !== "over" && state !== "cut";
    const waits = state === "waits for go" || (state === "held" && !isHeld);
    return element(
      "tr",
      { "data-state": state },
      element("td", {}, element("b", {}, name)),
      element("td", {}, clockTime(startMs / 1000)),
      element("td", { class: "number" }, spanText(lengthMs)),
      element("td", { class: "cue-state" }, stateText(wave)),
      element(
        "td",
        {},
        ...(waits ? [button("Go", "go")] : []),
        ...(isOpen && !waits && !isHeld ? [button("Hold", "hold")] : []),
        ...(isOpen ? [button("Cut", "cut")] : []),
      ),
    );
  }));
}

function stateText({ state, startMs, lengthMs, pausedMs }: WaveStatus): string {
  switch (state) {
    case "planned":
      return `armed, in ${spanText(startMs - consoleMs())}`;
    case "plays":
      return `live, ${spanText(startMs + lengthMs - consoleMs())} left`;
    case "held":
      return `held since ${clockTime((pausedMs ?? 0) / 1000)}`;
    default:
      return state;
  }
}

function drawPlaces(): void {
  const { places, paths, version } = view!.status;
  byId("show-places").replaceChildren(...places.map(({ city, cluster, hosts, acked }) => {
    const bar = element("meter", { min: "0", max: String(hosts), value: String(acked) });
    const name = [city, cluster].filter((text) => text !== "").join(" / ") || "hosts";
    return element(
      "li",
      { class: acked < hosts ? "late" : "" },
      element("span", {}, name),
      bar,
      `${acked} of ${hosts}`,
    );
  }));
  byId("show-paths").replaceChildren(
    ...paths.map(({ name, isConnected, has }) => {
      const trouble = !isConnected ? " is down" : has === version ? "" : ` has ${has ?? "none"}`;
      const text = `${isConnected ? "●" : "○"} ${name}${trouble}`;
      return element("li", { class: isConnected && has === version ? "" : "late" }, text);
    }),
  );
}

/** What moves by itself: the line of now, and the countdown to what comes next. */
function drawTime(): void {
  if (view === undefined) return;
  const { waves, isHeld, activateMs } = view.status;
  const nowMs = consoleMs();
  const { fromMs, toMs } = spanOf(waves);
  byId("cue-now").style.left = `${(nowMs - fromMs) / (toMs - fromMs) * 100}%`;
  const live = waves.find(({ state, startMs, lengthMs }) =>
    (state === "plays" || state === "planned") && startMs <= nowMs && nowMs < startMs + lengthMs
  );
  const next = waves.filter(({ state, startMs }) => state === "planned" && startMs > nowMs)
    .sort((a, b) => a.startMs - b.startMs)[0];
  const waits = waves.find(({ state }) => state === "waits for go");
  const words = [
    ...(activateMs !== null && activateMs > nowMs
      ? [`a change counts in ${spanText(activateMs - nowMs)}`]
      : []),
    ...(isHeld ? ["held"] : []),
    ...(!isHeld && live !== undefined
      ? [`${live.name} is live, ${spanText(live.startMs + live.lengthMs - nowMs)} left`]
      : []),
    ...(!isHeld && next !== undefined ? [`${next.name} in ${spanText(next.startMs - nowMs)}`] : []),
    ...(waits !== undefined ? [`${waits.name} waits for its go`] : []),
  ];
  byId("show-next").textContent = words.join(" · ");
}

/** Such as `4 s`, `1:05` and `2:00:09`. */
function spanText(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s < 60) return `${s} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

function orderOf(action: string, operands: string[]): DeskOrder {
  return {
    action,
    operands,
    in: byId<HTMLInputElement>("show-in").value.trim(),
    who: byId<HTMLInputElement>("who").value.trim(),
  };
}

function askShow(action: string, operands: string[]): void {
  wanted = orderOf(action, operands);
  const when = wanted.in === "" ? "" : ` in ${wanted.in}`;
  byId("show-confirm-text").textContent = `${[action, ...operands].join(" ")}${when}?`;
  const { hosts } = view!.status;
  byId("show-confirm-more").textContent = `On ${hosts.length} hosts` +
    (action === "cut" ? ". It changes the plan: a second person must approve it" : "");
  byId<HTMLDialogElement>("show-confirm").showModal();
}

async function act(order: DeskOrder): Promise<void> {
  const note = byId("show-note");
  note.classList.remove("bad");
  note.textContent = `${order.action} …`;
  try {
    const { done } = await call<{ done: string }>("/api/show/changes", order);
    note.textContent = `${order.action}: ${done}`;
  } catch (error) {
    note.textContent = (error as Error).message;
    note.classList.add("bad");
  }
}
