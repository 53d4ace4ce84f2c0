/** What the keys have chosen. */
export interface ViewState {
  readonly view: View;
  readonly isPaused: boolean;
  /** Index into `SORT_KEYS`. */
  readonly sort: number;
  readonly isReversed: boolean;
  /** Lines that were scrolled past. */
  readonly top: number;
  readonly filter: string;
  /** Letters go to the filter. */
  readonly isTyping: boolean;
  readonly wantsQuit: boolean;
}

export const VIEWS = ["overview", "targets", "charts", "money", "counters", "events"] as const;
export type View = typeof VIEWS[number];

export const SORT_KEYS = [
  "name",
  "state",
  "connections",
  "answered",
  "p99Us",
  "cpu",
  "rss",
  "missing",
] as const;
export type SortKey = typeof SORT_KEYS[number];

export const FIRST_STATE: ViewState = {
  view: "overview",
  isPaused: false,
  sort: 0,
  isReversed: false,
  top: 0,
  filter: "",
  isTyping: false,
  wantsQuit: false,
};

/** A key as the terminal tells it. */
export interface KeyPress {
  readonly input: string;
  readonly name?: "up" | "down" | "pageUp" | "pageDown" | "tab" | "return" | "escape" | "backspace";
  readonly isCtrl?: boolean;
}

/** The state after a key. */
export function afterKey(state: ViewState, { input, name, isCtrl }: KeyPress): ViewState {
  if (isCtrl && input === "c") return { ...state, wantsQuit: true };
  if (state.isTyping) {
    if (name === "return") return { ...state, isTyping: false };
    if (name === "escape") return { ...state, isTyping: false, filter: "", top: 0 };
    if (name === "backspace") return { ...state, filter: state.filter.slice(0, -1), top: 0 };
    const letters = input.replace(/[^\x20-\x7e]/g, "");
    return letters === "" ? state : { ...state, filter: state.filter + letters, top: 0 };
  }
  const moved = { up: -1, down: 1, pageUp: -10, pageDown: 10 }[name as string];
  if (moved !== undefined) return { ...state, top: Math.max(0, state.top + moved) };
  if (name === "tab") return show(state, VIEWS[(VIEWS.indexOf(state.view) + 1) % VIEWS.length]);
  if (name === "escape") return { ...state, filter: "", top: 0 };
  const view = VIEWS[Number(input) - 1];
  if (view !== undefined) return show(state, view);
  switch (input) {
    case "q":
      return { ...state, wantsQuit: true };
    case "p":
    case " ":
      return { ...state, isPaused: !state.isPaused };
    case "s":
      return { ...state, sort: (state.sort + 1) % SORT_KEYS.length };
    case "r":
      return { ...state, isReversed: !state.isReversed };
    case "/":
      return { ...state, isTyping: true };
    case "k":
      return { ...state, top: Math.max(0, state.top - 1) };
    case "j":
      return { ...state, top: state.top + 1 };
    default:
      return state;
  }
}

function show(state: ViewState, view: View): ViewState {
  return { ...state, view, top: 0 };
}
