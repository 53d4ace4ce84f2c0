/** What an operator may do from the page: the routes that the targets themselves offer, asked for once and confirmed. */
(({ redpkt, document, sessionStorage }) => {
  const { element, byId } = redpkt;
  const state = { token: readToken(), actions: [] };
  redpkt.control = state;

  /** The token comes behind the `#` of the URL, which no server ever sees, and leaves the address bar at once. */
  function readToken() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given !== null) {
      sessionStorage.setItem("token", given);
      history.replaceState(null, "", location.pathname);
    }
    return sessionStorage.getItem("token") ?? "";
  }

  async function call(path, body) {
    if (state.token === "") {
      throw new Error("Give the token: the one of REDPKT_TOKEN, or open the address that the terminal shows");
    }
    const response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${state.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) {
      throw new Error(
        "The token is wrong: give the one of REDPKT_TOKEN, or open the address that the monitor shows in its terminal",
      );
    }
    if (!response.ok) throw new Error((answer.errors ?? [`status ${response.status}`]).join("; "));
    return answer;
  }

  state.start = () => {
    byId("token").value = state.token;
    byId("token").addEventListener("change", ({ target }) => {
      state.token = target.value.trim();
      sessionStorage.setItem("token", state.token);
      load();
    });
    byId("token-form").addEventListener("submit", (event) => event.preventDefault());
    byId("control").addEventListener("toggle", ({ target }) => target.open && load());
    byId("action").addEventListener("change", drawFields);
    byId("control-form").addEventListener("submit", (event) => {
      event.preventDefault();
      ask();
    });
    byId("confirm-no").addEventListener("click", () => byId("confirm").close());
    byId("confirm-yes").addEventListener("click", () => {
      byId("confirm").close();
      run();
    });
  };

  async function load() {
    try {
      state.actions = (await call("/api/actions")).actions;
      say(state.actions.length === 0 ? "No target that can be controlled is live" : "");
    } catch (error) {
      state.actions = [];
      say(error.message, true);
    }
    byId("action").replaceChildren(
      ...state.actions.map(({ id, summary, targets }) =>
        element(
          "option",
          { value: id },
          `${summary} (${targets.length === 1 ? targets[0] : `${targets.length} targets`})`,
        )
      ),
    );
    byId("control-form").hidden = state.actions.length === 0;
    drawFields();
  }

  const chosen = () => state.actions.find(({ id }) => id === byId("action").value);

  function drawFields() {
    const action = chosen();
    if (action === undefined) return;
    const on = byId("on");
    on.replaceChildren(
      element(
        "option",
        { value: "" },
        action.targets.length === 1 ? action.targets[0] : `all ${action.targets.length}`,
      ),
      ...(action.targets.length === 1
        ? []
        : action.targets.map((name) => element("option", { value: name }, name))),
    );
    byId("fields").replaceChildren(
      ...Object.entries(action.fields).map(([name, { type, default: preset, enum: choices, required }]) => {
        const isNumber = type === "integer" || type === "number";
        const input = choices
          ? element("select", { name }, ...choices.map((choice) => element("option", {}, choice)))
          : element("input", {
            name,
            type: isNumber ? "number" : "text",
            step: type === "integer" ? "1" : "any",
            value: preset ?? "",
            required,
          });
        return element("label", {}, name, input);
      }),
    );
  }

  function readForm() {
    const action = chosen();
    const body = {};
    for (const input of byId("fields").querySelectorAll("input, select")) {
      if (input.value !== "") body[input.name] = input.type === "number" ? Number(input.value) : input.value;
    }
    const only = byId("on").value;
    return {
      action: action.id,
      body,
      targets: only === "" ? action.targets : [only],
      who: byId("who").value.trim(),
    };
  }

  function ask() {
    const { body, targets } = readForm();
    const values = Object.entries(body).map(([name, value]) => `${name} ${value}`).join(", ");
    byId("confirm-text").textContent = `${chosen().summary}${values === "" ? "" : `: ${values}`}`;
    byId("confirm-targets").textContent = `On ${
      targets.length === 1 ? targets[0] : `${targets.length} targets: ${targets.join(", ")}`
    }`;
    byId("confirm").showModal();
  }

  async function run() {
    try {
      const { results } = await call("/api/actions", readForm());
      const bad = results.filter(({ ok }) => !ok);
      say(
        bad.length === 0
          ? `Done on ${results.length}`
          : bad.map(({ target, error }) => `${target}: ${error}`).join("; "),
        bad.length > 0,
      );
    } catch (error) {
      say(error.message, true);
    }
  }

  function say(text, isBad = false) {
    const note = byId("control-note");
    note.textContent = text;
    note.classList.toggle("bad", isBad);
  }

  document.addEventListener("targets", () => byId("control").open && state.actions.length === 0 && load());
})(globalThis);
