/** The grid of charts: one uPlot a chart, with the time axis, the cursor and the marks shared by all. */
(({ redpkt, uPlot, document, matchMedia }) => {
  const { element, byId } = redpkt;
  const HEIGHT = 190;
  /** As many as the monitor itself keeps: 4 hours. */
  const MOST_SECONDS = 14_400;
  const sync = uPlot.sync("redpkt");
  const colors = {
    light: [
      "#c8102e",
      "#1f6feb",
      "#1a7f37",
      "#9a6700",
      "#8250df",
      "#0e7490",
      "#bf3989",
      "#57606a",
      "#b35900",
      "#4d7c0f",
    ],
    dark: [
      "#ff6b6b",
      "#58a6ff",
      "#4ac26b",
      "#e3b341",
      "#b392f0",
      "#39c5cf",
      "#f778ba",
      "#9aa4af",
      "#f0883e",
      "#a3d65c",
    ],
  };
  const markColors = {
    light: { phase: "#6e40c9", event: "#57606a", action: "#1f6feb", trouble: "#c8102e" },
    dark: { phase: "#b392f0", event: "#9aa4af", action: "#58a6ff", trouble: "#ff7b72" },
  };

  const state = { data: undefined, cards: [], range: { kind: "follow", seconds: 300 }, isSetting: false };
  redpkt.charts = state;

  const theme = () => document.documentElement.dataset.theme;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** Makes the cards of all charts, empty. */
  state.start = (data) => {
    state.data = data;
    let line = 0;
    byId("charts").replaceChildren();
    state.cards = data.charts.map((chart) => {
      const card = makeCard(chart, line);
      line += chart.lines.length;
      return card;
    });
    state.redraw();
  };

  function makeCard(chart, firstLine) {
    const legend = element("ul", { class: "legend" });
    const plot = element("div", { class: "plot" });
    const root = element(
      "section",
      { class: "card chart", "data-chart": chart.id, tabindex: "0", "aria-label": chart.title, hidden: true },
      element("h2", {}, chart.title),
      legend,
      plot,
    );
    byId("charts").append(root);
    const card = {
      chart,
      firstLine,
      root,
      legend,
      plot,
      shownLines: "",
      hiddenLines: new Set(),
      isVisible: false,
    };
    onScreen.observe(root);
    cardOf.set(root, card);
    return card;
  }

  // Only what is on the screen is drawn: an hour of seconds in every chart is too much for each frame of a zoom.
  const cardOf = new WeakMap();
  const onScreen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const card = cardOf.get(target);
      card.isVisible = isIntersecting;
      if (isIntersecting) drawCard(card, true);
    }
  }, { rootMargin: "100px" });

  function drawCard(card, hasNewData) {
    if (!card.uplot || !card.isVisible || state.data.seconds.length === 0) return;
    const [min, max] = state.bounds();
    card.uplot.batch(() => {
      if (hasNewData) card.uplot.setData(dataOf(card), false);
      card.uplot.setScale("x", { min, max });
    });
    showValues(card, card.uplot.cursor.idx);
  }

  /** The lines of a card that have something to show. */
  function linesOf({ chart, firstLine }) {
    const { columns } = state.data;
    const told = chart.lines.map((label, i) => ({ label, i, column: columns[firstLine + i] }))
      .filter(({ column }) => column !== null && column.some((value) => value !== null));
    const moving = told.filter(({ column }) => column.some((value) => value !== null && value !== 0));
    if (moving.length === 0) return { told, shown: [] };
    return { told, shown: chart.isSparse || chart.isLog ? moving : told };
  }

  /** Draws everything anew: other lines, another theme, another width. */
  state.redraw = () => {
    const quiet = [];
    for (const card of state.cards) {
      const { told, shown } = linesOf(card);
      if (told.length > 0 && shown.length === 0) quiet.push(card.chart.title);
      card.root.hidden = shown.length === 0;
      build(card, shown);
    }
    const note = byId("quiet");
    note.hidden = quiet.length === 0;
    note.textContent = `All zero so far: ${quiet.join(" · ")}`;
    byId("empty").hidden = state.cards.some(({ root }) => !root.hidden);
    applyRange();
  };

  function build(card, shown) {
    card.uplot?.destroy();
    card.uplot = undefined;
    card.shownLines = key(shown);
    card.lines = shown;
    card.legend.replaceChildren();
    if (shown.length === 0) return;
    const palette = colors[theme()];
    card.values = shown.map(({ label, i }, n) => {
      const value = element("b", {}, "–");
      const swatch = element("i", { style: `background:${palette[n % palette.length]}` });
      card.legend.append(element(
        "li",
        {},
        element(
          "button",
          {
            type: "button",
            "aria-pressed": String(!card.hiddenLines.has(i)),
            title: `Shows or hides ${label}`,
            onclick: () => toggleLine(card, i),
          },
          swatch,
          `${label} `,
          value,
        ),
      ));
      return value;
    });
    card.uplot = new uPlot(options(card, shown, palette), dataOf(card), card.plot);
  }

  const key = (lines) => lines.map(({ i }) => i).join();
  const dataOf = ({ firstLine, lines, hiddenLines }) => [
    state.data.seconds,
    ...lines.map(({ i }) =>
      hiddenLines.has(i) ? state.data.seconds.map(() => null) : state.data.columns[firstLine + i]
    ),
  ];

  function toggleLine(card, i) {
    if (!card.hiddenLines.delete(i)) card.hiddenLines.add(i);
    build(card, card.lines);
    applyRange();
  }

  function options(card, lines, palette) {
    const { chart } = card;
    const grid = { stroke: style("--grid"), width: 1 };
    const ticks = { show: false };
    const axis = { stroke: style("--muted"), grid, ticks, font: "11px system-ui, sans-serif" };
    return {
      width: Math.max(120, card.plot.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      padding: [14, 18, 0, 0],
      cursor: {
        sync: { key: sync.key },
        drag: { x: true, y: false },
        points: { size: 6 },
        // A click without a drag is no zoom.
        bind: { dblclick: () => () => (state.setRange({ kind: "follow", seconds: 300 }), null) },
      },
      scales: {
        x: { time: true },
        y: chart.isLog
          ? { distr: 3, range: (_u, min, max) => logRange(min, max) }
          : { range: (_u, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          space: 78,
          values: (_u, splits) => splits.map(redpkt.clockTime).map((t) => t.replace(/:00$/, "")),
        },
        {
          ...axis,
          size: 58,
          space: 34,
          values: (_u, splits) => splits.map((value) => redpkt.formatAxis(value, chart.unit)),
          // Whole powers of ten are enough to read a logarithmic axis by.
          ...(chart.isLog
            ? { filter: (_u, splits) => splits, splits: (_u, _axis, min, max) => decades(min, max) }
            : {}),
        },
      ],
      series: [
        {},
        ...lines.map(({ label }, n) => ({
          label,
          stroke: palette[n % palette.length],
          width: 1.5,
          ...(lines.length === 1 ? { fill: `${palette[n % palette.length]}22` } : {}),
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        draw: [drawMarks],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          state.setRange({ kind: "fixed", from, to });
        }],
        setCursor: [(u) => showValues(card, u.cursor.idx)],
      },
    };
  }

  function decades(min, max) {
    const splits = [];
    for (let value = min; value <= max * 1.01; value *= 10) splits.push(value);
    return splits;
  }

  function logRange(min, max) {
    if (min === null || max === null || max <= 0) return [1, 1000];
    const low = 10 ** Math.floor(Math.log10(Math.max(1, min)));
    const high = 10 ** Math.ceil(Math.log10(Math.max(10, max)));
    return [low, high === low ? low * 10 : high];
  }

  function showValues(card, at) {
    const last = state.data.seconds.length - 1;
    const index = at ?? last;
    card.lines.forEach(({ i }, n) => {
      card.values[n].textContent = redpkt.format(
        state.data.columns[card.firstLine + i]?.[index],
        card.chart.unit,
      );
    });
  }

  function drawMarks(u) {
    const { ctx, bbox } = u;
    const inks = markColors[theme()];
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.lineWidth = ratio;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.font = `600 ${10 * ratio}px system-ui, sans-serif`;
    let freeFrom = 0;
    for (const { atMs, kind, text } of state.data.marks) {
      const seconds = atMs / 1000;
      if (seconds < u.scales.x.min || seconds > u.scales.x.max) continue;
      const x = Math.round(u.valToPos(seconds, "x", true)) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = inks[kind];
      ctx.setLineDash(kind === "phase" ? [] : [3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      // Names of what was meant to happen, where they don't run into each other; the list of events has them all.
      if (kind !== "phase" && kind !== "action") continue;
      const name = text.length > 26 ? `${text.slice(0, 25)}…` : text;
      const width = ctx.measureText(name).width;
      if (x < freeFrom || x + width > bbox.left + bbox.width + 18 * ratio) continue;
      ctx.fillText(name, x, bbox.top - 4 * ratio);
      freeFrom = x + width + 8 * ratio;
    }
    ctx.restore();
  }

  /** Shows another part of the time: the latest so many seconds, everything, or from here to there. */
  state.setRange = (range) => {
    state.range = range;
    applyRange();
    document.dispatchEvent(new CustomEvent("range"));
  };

  /** The seconds that are shown now. */
  state.bounds = () => {
    const { seconds } = state.data;
    const first = seconds[0] ?? 0;
    const last = seconds.at(-1) ?? 0;
    if (state.range.kind === "fixed") return [state.range.from, state.range.to];
    return [
      state.range.seconds === 0 ? first : Math.max(last - state.range.seconds, Math.min(first, last - 30)),
      last,
    ];
  };

  function applyRange() {
    if (state.data === undefined) return;
    for (const card of state.cards) drawCard(card, false);
  }

  /** Moves or scales what is shown, by parts of its width. */
  state.pan = (part) => {
    const [from, to] = state.bounds();
    const by = (to - from) * part;
    state.setRange({ kind: "fixed", from: from + by, to: to + by });
  };
  state.zoom = (factor) => {
    const [from, to] = state.bounds();
    const half = Math.max(5, (to - from) * factor / 2);
    const middle = (from + to) / 2;
    state.setRange({ kind: "fixed", from: middle - half, to: middle + half });
  };

  /** A second came, or came again with more in it. */
  state.put = (point) => {
    const { seconds, columns, reporting } = state.data;
    let at = seconds.length;
    while (at > 0 && seconds[at - 1] > point.second) at--;
    const isSame = at > 0 && seconds[at - 1] === point.second;
    if (isSame) at--;
    const put = (column, value) => column.splice(at, isSame ? 1 : 0, value);
    point.values.forEach((value, i) => {
      if (columns[i] === null && value !== null) columns[i] = seconds.map(() => null);
      if (columns[i] !== null) put(columns[i], value);
    });
    put(reporting, [point.reporting, point.expected]);
    put(seconds, point.second);
    if (seconds.length <= MOST_SECONDS) return;
    for (const list of [seconds, reporting, ...columns]) list?.shift();
  };

  /** Draws what has come since, unless it is held. */
  state.update = () => {
    const isOther = state.cards.some((card) => key(linesOf(card).shown) !== card.shownLines);
    if (isOther) return state.redraw();
    for (const card of state.cards) drawCard(card, true);
  };

  let width = 0;
  new ResizeObserver(() => {
    const now = byId("charts").clientWidth;
    if (now === width) return;
    width = now;
    for (const { uplot, plot } of state.cards) {
      uplot?.setSize({ width: Math.max(120, plot.clientWidth), height: HEIGHT });
    }
  }).observe(byId("charts"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redpkt.applyTheme?.());
})(globalThis);
