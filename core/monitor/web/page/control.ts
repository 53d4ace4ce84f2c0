/** What an operator may do from the page: the routes that the targets themselves offer, asked for once and confirmed. */
import type { Action, ActionOrder, ActionResult } from "../../collect/control.ts";
import { targetsByPlace } from "./targets.ts";
import { byId, element } from "./words.ts";

/** Marks a choice of all targets of a place. */
const PLACE = "place ";

let token = readToken();
let actions: readonly Action[] = [];

/** The token comes behind the `#` of the URL, which no server ever sees, and leaves the address bar at once. */
function readToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

/** Asks the monitor with the token. */
export async function call<Answer>(path: string, body?: object): Promise<Answer> {
  if (token === "") {
    throw new Error("Give the token: the one of REDPKT_TOKEN, or open the address that the terminal shows");
  }
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
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

export function startControl(): void {
  const field = byId<HTMLInputElement>("token");
  field.value = token;
  field.addEventListener("change", () => {
    token = field.value.trim();
    sessionStorage.setItem("token", token);
    loadActions();
  });
  byId("token-form").addEventListener("submit", (event) => event.preventDefault());
  byId("control").addEventListener("toggle", () => isControlOpen() && loadActions());
  byId("action").addEventListener("change", drawFields);
  byId("control-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  const confirm = byId<HTMLDialogElement>("confirm");
  byId("confirm-no").addEventListener("click", () => confirm.close());
  byId("confirm-yes").addEventListener("click", () => {
    confirm.close();
    runAction();
  });
  document.addEventListener("targets", () => isControlOpen() && actions.length === 0 && loadActions());
}

const isControlOpen = () => byId<HTMLDetailsElement>("control").open;

async function loadActions(): Promise<void> {
  try {
    actions = (await call<{ actions: Action[] }>("/api/actions")).actions;
    say(actions.length === 0 ? "No target that can be controlled is live" : "");
  } catch (error) {
    actions = [];
    say((error as Error).message, true);
  }
  byId("action").replaceChildren(
    ...actions.map(({ id, summary, targets }) =>
      element(
        "option",
        { value: id },
        `${summary} (${targets.length === 1 ? targets[0] : `${targets.length} targets`})`,
      )
    ),
  );
  byId("control-form").hidden = actions.length === 0;
  drawFields();
}

const chosenAction = () => actions.find(({ id }) => id === byId<HTMLSelectElement>("action").value);

function drawFields(): void {
  const action = chosenAction();
  if (action === undefined) return;
  const on = byId("on");
  on.replaceChildren(
    element(
      "option",
      { value: "" },
      action.targets.length === 1 ? action.targets[0] : `all ${action.targets.length}`,
    ),
    ...(action.targets.length === 1 ? [] : [
      ...[...targetsByPlace()].map(([place, names]) => {
        const count = action.targets.filter((name) => names.has(name)).length;
        return element("option", { value: `${PLACE}${place}` }, `${place}: ${count} hosts`);
      }),
      ...action.targets.map((name) => element("option", { value: name }, name)),
    ]),
  );
  byId("fields").replaceChildren(
    ...Object.entries(action.fields).map(([name, { type, default: preset, enum: choices, required }]) => {
      const isNumber = type === "integer" || type === "number";
      const input = choices
        ? element("select", { name }, ...choices.map((choice) => element("option", {}, String(choice))))
        : element("input", {
          name,
          type: isNumber ? "number" : "text",
          step: type === "integer" ? "1" : "any",
          value: String(preset ?? ""),
          required,
        });
      return element("label", {}, name, input);
    }),
  );
}

function readForm(action: Action): ActionOrder {
  const body: Record<string, string | number> = {};
  for (
    const input of byId("fields").querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")
  ) {
    if (input.value !== "") body[input.name] = input.type === "number" ? Number(input.value) : input.value;
  }
  const only = byId<HTMLSelectElement>("on").value;
  return {
    action: action.id,
    body,
    targets: chosenTargets(action, only),
    who: byId<HTMLInputElement>("who").value.trim(),
  };
}

/** All that offer it, those of a cluster or city, or one. */
function chosenTargets({ targets }: Action, only: string): readonly string[] {
  if (only === "") return targets;
  if (!only.startsWith(PLACE)) return [only];
  const names = targetsByPlace().get(only.slice(PLACE.length));
  return targets.filter((name) => names?.has(name));
}

function ask(): void {
  const action = chosenAction();
  if (action === undefined) return;
  const { body, targets } = readForm(action);
  const values = Object.entries(body).map(([name, value]) => `${name} ${value}`).join(", ");
  byId("confirm-text").textContent = `${action.summary}${values === "" ? "" : `: ${values}`}`;
  const whom = targets.length === 1 ? targets[0] : `${targets.length} targets: ${targets.join(", ")}`;
  byId("confirm-targets").textContent = `On ${whom}`;
  byId<HTMLDialogElement>("confirm").showModal();
}

async function runAction(): Promise<void> {
  const action = chosenAction();
  if (action === undefined) return;
  try {
    const { results } = await call<{ results: ActionResult[] }>("/api/actions", readForm(action));
    const bad = results.filter(({ ok }) => !ok);
    say(
      bad.length === 0
        ? `Done on ${results.length}`
        : bad.map(({ target, error }) => `${target}: ${error}`).join("; "),
      bad.length > 0,
    );
  } catch (error) {
    say((error as Error).message, true);
  }
}

function say(text: string, isBad = false): void {
  const note = byId("control-note");
  note.textContent = text;
  note.classList.toggle("bad", isBad);
}
