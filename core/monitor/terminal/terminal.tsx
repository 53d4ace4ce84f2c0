import { Box, render, Text, useInput, useWindowSize } from "ink";
import { useEffect, useReducer, useRef, useState } from "react";
import type { MoneyWatch } from "../money/money_watch.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import type { Line, Tone } from "./lines.ts";
import { afterKey, FIRST_STATE, type KeyPress } from "./view_state.ts";
import { screen } from "./views.ts";

/** How tones look. Without colour what matters is still in the words. */
const STYLES: Readonly<Record<Tone, { color?: string; bold?: true; dimColor?: true; inverse?: true }>> = {
  plain: {},
  muted: { dimColor: true },
  strong: { bold: true },
  good: { color: "green" },
  warn: { color: "yellow" },
  bad: { color: "red" },
  // The hues of `MEANINGS`, by the names that a terminal fits to its own ground.
  due: { color: "gray" },
  sent: { color: "blue" },
  answered: { color: "green" },
  won: { color: "yellow" },
  lost: { color: "red" },
  "not sent": { color: "redBright" },
  latency: { color: "magenta" },
  other: { color: "cyan" },
  inverse: { inverse: true },
};

export interface TerminalOptions {
  readonly core: MonitorCore;
  /** False where the user asked for none (`NO_COLOR`). */
  readonly hasColor: boolean;
  /** Where the money is, if somebody asks for it. */
  readonly money?: MoneyWatch | undefined;
  /** Where the page is, if there is one. */
  readonly pageUrl?: string | undefined;
  /** Somebody pressed `q`. */
  readonly onQuit: () => void;
  /** For tests; the process's own otherwise. */
  readonly stdout?: NodeJS.WritableStream;
  readonly stdin?: NodeJS.ReadableStream;
}

/** Shows the monitor in the terminal until the returned function is called. */
export function showTerminal(options: TerminalOptions): () => void {
  const { stdout, stdin } = options;
  const instance = render(<Monitor {...options} />, {
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 10,
    ...(stdout === undefined ? {} : { stdout, interactive: true }),
    ...(stdin === undefined ? {} : { stdin }),
  });
  return () => instance.unmount();
}

function Monitor({ core, money, hasColor, pageUrl, onQuit }: TerminalOptions) {
  const { columns, rows } = useWindowSize();
  const [state, setState] = useState(FIRST_STATE);
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  const isPaused = useRef(false);
  isPaused.current = state.isPaused;
  useEffect(() => {
    function draw(): void {
      if (!isPaused.current) drawAgain();
    }
    const leave = [core.watch({ second: draw }), core.marks.subscribe(draw)];
    return () => leave.forEach((each) => each());
  }, [core]);
  useInput((input, key) => setState((before) => afterKey(before, keyPress(input, key))));
  useEffect(() => {
    if (state.wantsQuit) onQuit();
  }, [state.wantsQuit]);
  // One line less than there is: writing into the last one makes some terminals scroll.
  const lines = screen({ core, pageUrl, money: money?.last }, state, {
    columns: Math.max(1, columns),
    rows: Math.max(1, rows - 1),
  });
  return (
    <Box flexDirection="column">
      {lines.map((line, i) => <Row key={i} line={line} hasColor={hasColor} />)}
    </Box>
  );
}

function Row({ line, hasColor }: { line: Line; hasColor: boolean }) {
  return (
    <Text wrap="truncate">
      {line.map(({ text, tone }, i) => (
        <Text key={i} {...(hasColor ? STYLES[tone] : plainStyle(tone))}>{text}</Text>
      ))}
    </Text>
  );
}

/** Weight and inversion are no colours. */
function plainStyle(tone: Tone) {
  const { color: _color, ...rest } = STYLES[tone];
  return rest;
}

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

function keyPress(input: string, key: InkKey): KeyPress {
  const name = key.upArrow
    ? "up"
    : key.downArrow
    ? "down"
    : key.pageUp
    ? "pageUp"
    : key.pageDown
    ? "pageDown"
    : key.tab
    ? "tab"
    : key.return
    ? "return"
    : key.escape
    ? "escape"
    : key.backspace || key.delete
    ? "backspace"
    : undefined;
  return { input, isCtrl: key.ctrl, ...(name === undefined ? {} : { name }) };
}
