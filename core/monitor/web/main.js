/** The page as a whole: data comes in, tiles and lists are filled, keys do what buttons do. */
(({ redpkt, document, EventSource, localStorage, matchMedia }) => {
  const { element, byId, charts, targets, control, format, clockTime } = redpkt;
  let isHeld = false;
  let lastHeard = 0;
  let hosts = [];
  let health = { level: "good", texts: [] };

  /** Tiles: what one looks at first. Each is a line of a chart, by chart and label. */
  const tiles = [
    ["rate", ["due (fleet)"], "due"],
    ["rate", ["sent (fleet)"], "sent"],
    ["rate", ["answered (fleet)", "frames answered (servers)"], "answered"],
    ["packets", ["won (fleet)", "won (servers)"], "won"],
    ["results", ["not sent"], "not sent"],
    ["results", ["lost"], "lost"],
    ["latency", ["p50"], "p50"],
    ["latency", ["p99"], "p99"],
    ["connections", ["open (servers)", "connected (fleet)"], "connections"],
    ["money", ["won (servers)", "won (fleet)"], "won in all"],
    ["level", ["level"], "level"],
    ["cpu", ["servers"], "servers' CPU"],
  ];

  async function load() {
    const response = await fetch("/api/history");
    if (!response.ok) throw new Error(`status ${response.status}`);
    const data = await response.json();
    charts.start(data);
    targets.rows = data.targets;
    hosts = data.clientHosts;
    health = data.health;
    redpkt.drawHosts(hosts);
    drawTiles();
    drawMarks();
    redpkt.drawMoney(data.money);
    targets.draw();
    drawStatus();
  }

  function listen() {
    const events = new EventSource("/events");
    let hasOpened = false;
    events.addEventListener("open", () => {
      // After a break, or a restart of the monitor, what is here may be old: ask anew.
      if (hasOpened) load().catch(() => {});
      hasOpened = true;
      setLink("live");
    });
    events.addEventListener("error", () => setLink("lost"));
    events.addEventListener("second", ({ data }) => {
      const { point, targets: rows, ...rest } = JSON.parse(data);
      hosts = rest.clientHosts;
      health = rest.health;
      lastHeard = point.second;
      charts.put(point);
      targets.rows = rows;
      document.dispatchEvent(new CustomEvent("targets"));
      if (!isHeld) draw();
    });
    events.addEventListener("money", ({ data }) => isHeld || redpkt.drawMoney(JSON.parse(data)));
    events.addEventListener("mark", ({ data }) => {
      charts.data.marks.push(JSON.parse(data));
      drawMarks();
      if (!isHeld) charts.update();
    });
  }

  let isDrawing = false;
  /** Once a frame at most, and not while nobody looks. */
  function draw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      charts.update();
      drawTiles();
      targets.draw();
      redpkt.drawHosts(hosts);
      drawStatus();
      drawCounters();
    });
  }

  const healthWords = { good: "live", warn: "live, not all are served", bad: "users aren't served" };

  const linkWords = { wait: "connecting", lost: "no connection, trying again" };

  /** The dot: whether there is news, and whether users are served by it. */
  function setLink(state) {
    byId("link").dataset.state = state;
    byId("link").dataset.health = health.level;
    byId("link").title = health.texts.join("\n");
    byId("link-text").textContent = state === "live"
      ? (isHeld ? "held" : healthWords[health.level])
      : linkWords[state];
    byId("ills").hidden = health.texts.length === 0;
    byId("ills").className = health.level;
    byId("ills").textContent = health.texts.join(" · ");
  }

  function lineValue(id, label) {
    let first = 0;
    for (const chart of charts.data.charts) {
      const at = chart.id === id ? chart.lines.indexOf(label) : -1;
      if (at >= 0) {
        return {
          value: charts.data.columns[first + at]?.at(-1) ?? null,
          column: charts.data.columns[first + at],
          unit: chart.unit,
        };
      }
      first += chart.lines.length;
    }
    return undefined;
  }

  function drawTiles() {
    const parts = [];
    for (const [id, labels, title] of tiles) {
      const found = labels.map((label) => lineValue(id, label)).filter((line) =>
        line && line.column !== null
      );
      if (found.length === 0) continue;
      const line = found.find(({ value }) => value !== null) ?? found[0];
      const { value } = line;
      parts.push(
        element(
          "div",
          { class: "tile" },
          element("dt", {}, title),
          element("dd", {}, format(value, line.unit)),
        ),
      );
    }
    byId("tiles").replaceChildren(...parts);
  }

  function drawStatus() {
    const counts = targets.summary();
    const [reporting, expected] = charts.data.reporting.at(-1) ?? [0, 0];
    const last = charts.data.seconds.at(-1);
    const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    byId("status").textContent = [
      last === undefined ? "no data yet" : clockTime(last),
      parts.join(", ") || "no targets",
      expected > reporting ? `${expected - reporting} late` : "",
    ].filter(Boolean).join(" · ");
    setLink(byId("link").dataset.state);
    const trouble =
      targets.rows.filter(({ state }) => !["live", "ended", "connecting"].includes(state)).length;
    document.title = `${trouble > 0 ? `(${trouble}) ` : ""}redpkt monitor`;
  }

  function drawMarks() {
    const marks = charts.data.marks.slice(-200).reverse();
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
              onclick: () => charts.setRange({ kind: "fixed", from: atMs / 1000 - 30, to: atMs / 1000 + 30 }),
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

  async function drawCounters() {
    if (!byId("counters").open) return;
    const roles = await (await fetch("/api/counters")).json();
    const wanted = byId("counter-filter").value.toLowerCase();
    const rows = Object.entries(roles).flatMap(([role, { totals, deltas, gauges }]) => [
      ...Object.entries(totals).map(([name, total]) => [role, name, total, deltas[name] ?? 0]),
      ...Object.entries(gauges).map(([name, value]) => [role, name, value, undefined]),
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
  function showRange() {
    for (const button of document.querySelectorAll("[data-seconds]")) {
      const isOn = charts.range.kind === "follow" && charts.range.seconds === Number(button.dataset.seconds);
      button.setAttribute("aria-pressed", String(isOn));
    }
  }
  const follow = (seconds) => charts.setRange({ kind: "follow", seconds });
  function hold() {
    isHeld = !isHeld;
    byId("hold").setAttribute("aria-pressed", String(isHeld));
    byId("hold").textContent = isHeld ? "Go on" : "Hold";
    setLink(byId("link").dataset.state);
    if (!isHeld) draw();
  }
  redpkt.applyTheme = () => {
    const chosen = localStorage.getItem("theme");
    const isDark = chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    if (charts.data) charts.redraw();
  };
  function otherTheme() {
    localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    redpkt.applyTheme();
  }
  const keys = {
    " ": hold,
    h: hold,
    f: () => follow(300),
    t: otherTheme,
    "+": () => charts.zoom(0.5),
    "=": () => charts.zoom(0.5),
    "-": () => charts.zoom(2),
    ArrowLeft: () => charts.pan(-0.25),
    ArrowRight: () => charts.pan(0.25),
    "/": () => byId("filter").focus(),
    "?": () => byId("help").showModal(),
    ...Object.fromEntries(ranges.map((seconds, i) => [String(i + 1), () => follow(seconds)])),
  };

  function start() {
    redpkt.applyTheme();
    targets.start();
    control.start();
    document.addEventListener("range", showRange);
    for (const button of document.querySelectorAll("[data-seconds]")) {
      button.addEventListener("click", () => follow(Number(button.dataset.seconds)));
    }
    byId("hold").addEventListener("click", hold);
    byId("theme").addEventListener("click", otherTheme);
    byId("keys").addEventListener("click", () => byId("help").showModal());
    byId("help-close").addEventListener("click", () => byId("help").close());
    byId("counters").addEventListener("toggle", drawCounters);
    byId("counter-filter").addEventListener("input", drawCounters);
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, select, textarea, dialog[open]")) return;
      if (event.key === " " && event.target.closest("button, summary")) return;
      const act = keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    });
    load().then(() => {
      showRange();
      listen();
    }).catch((error) => {
      byId("status").textContent = `The monitor's data can't be read: ${error.message}`;
      setLink("lost");
      // deno-lint-ignore redpkt/no-ambient -- this runs in a browser
      setTimeout(() => location.reload(), 3000);
    });
  }
  redpkt.lastHeard = () => lastHeard;
  start();
})(globalThis);
