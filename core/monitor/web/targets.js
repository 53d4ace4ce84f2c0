/** The table of targets: sorted, filtered, with a bar of connections by SET. */
(({ redpkt, document }) => {
  const { element, byId, format } = redpkt;
  const columns = [
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
  const state = { rows: [], sortKey: "name", isDown: false, filter: "" };
  redpkt.targets = state;

  /** Who is connected to the servers, by client host. */
  redpkt.drawHosts = (hosts) => {
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
  };

  state.start = () => {
    const head = element("tr");
    for (const { key, title, hint = `Sorts by ${title.toLowerCase()}`, isUnsorted, unit } of columns) {
      const button = isUnsorted
        ? title
        : element("button", { type: "button", title: hint, onclick: () => sortBy(key) }, title);
      head.append(element("th", { scope: "col", "data-key": key, class: unit ? "number" : false }, button));
    }
    byId("target-head").replaceChildren(head);
    byId("filter").addEventListener("input", ({ target }) => {
      state.filter = target.value.toLowerCase();
      state.draw();
    });
  };

  function sortBy(key) {
    state.isDown = state.sortKey === key ? !state.isDown : false;
    state.sortKey = key;
    state.draw();
  }

  function stateCell({ state: name, why }) {
    const kind = name.replaceAll(" ", "-");
    const state = element("span", { class: `state ${kind}` }, name);
    return why ? element("span", {}, state, element("small", {}, ` ${why}`)) : state;
  }

  function bars(sets) {
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
  state.draw = () => {
    const { sortKey, isDown, filter } = state;
    const rows = state.rows.filter((row) =>
      `${row.name} ${row.role} ${row.state}`.toLowerCase().includes(filter)
    );
    rows.sort((a, b) => compare(a[sortKey], b[sortKey]) * (isDown ? -1 : 1) || compare(a.name, b.name));
    for (const th of document.querySelectorAll("#target-head th")) {
      const isSorted = th.dataset.key === sortKey;
      th.setAttribute("aria-sort", isSorted ? (isDown ? "descending" : "ascending") : "none");
    }
    byId("target-body").replaceChildren(
      ...rows.slice(0, MOST_ROWS).map((row) =>
        element(
          "tr",
          {},
          ...columns.map(({ key, unit, title, cell }) =>
            element(
              "td",
              { class: unit ? "number" : false, "data-title": title },
              cell ? cell(row) : unit ? format(row[key], unit) : row[key] ?? "",
            )
          ),
        )
      ),
    );
    const more = rows.length - MOST_ROWS;
    byId("target-more").textContent = more > 0 ? `${more} more: filter to see them` : "";
  };

  function compare(a, b) {
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  }

  /** By state, how many. */
  state.summary = () => {
    const counts = {};
    for (const { state: name } of state.rows) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
})(globalThis);
