/** Where the money is: accounts with their sum, waves, sponsors. */
(({ redpkt }) => {
  const { element, byId, format } = redpkt;
  const MOST_SPONSORS = 12;
  const accounts = [["sourceFen", "put in"], ["poolFen", "in the pool"], ["userFen", "users have"], [
    "packetFen",
    "in sent packets",
  ], ["returnedFen", "returned"]];
  const yuan = (fen) => format(fen / 100, "yuan");

  function duration(seconds) {
    if (seconds < 120) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    return seconds < 360_000 ? `${Math.round(seconds / 3600)} h` : "over 100 h";
  }

  /** Draws what the servers said last; nothing before they have. */
  redpkt.drawMoney = (money) => {
    byId("money").hidden = money === null;
    if (money === null) return;
    const { sums, sumFen, secondsLeft, told, asked, waves, sponsors } = money;
    const check = byId("money-sum");
    check.textContent = sumFen === 0 ? "the sum is 0, as it must be" : `the sum is off by ${yuan(sumFen)}`;
    check.className = sumFen === 0 ? "good" : "bad";
    byId("money-told").textContent = told === asked ? "" : `${told} of ${asked} servers told`;
    byId("accounts").replaceChildren(
      ...accounts.map(([key, name]) => row(name, yuan(key === "sourceFen" ? -sums[key] : sums[key]))),
      row("the pool lasts", secondsLeft === null ? "nothing is won now" : duration(secondsLeft)),
    );
    byId("waves").replaceChildren(...waves.map(wave));
    byId("waves").hidden = waves.length === 0;
    const shown = sponsors.slice(0, MOST_SPONSORS);
    byId("sponsors").hidden = shown.length === 0;
    byId("sponsor-body").replaceChildren(
      ...shown.map(({ sponsor, poolFen, returnedFen }) =>
        element(
          "tr",
          {},
          element("td", {}, String(sponsor)),
          element("td", { class: "number" }, yuan(poolFen)),
          element("td", { class: "number" }, yuan(returnedFen)),
        )
      ),
    );
    byId("sponsor-more").textContent = sponsors.length > MOST_SPONSORS
      ? `and ${sponsors.length - MOST_SPONSORS} more`
      : "";
  };

  const row = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

  function wave({ wave: name, state, start, tickets, released, behindMs }) {
    const part = tickets === 0 ? 1 : released / tickets;
    const time = redpkt.clockTime(Date.parse(start) / 1000);
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
})(globalThis);
