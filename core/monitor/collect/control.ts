import { tokenHeader } from "../../admin/bearer.ts";
import { z } from "zod";
import { actionText, MARKED_BY_HEADER, WHO_HEADER } from "../../admin/action.ts";
import type { Log } from "../../cli/log.ts";
import type { MonitorCore } from "./monitor_core.ts";
import { ROLES } from "../timeline/merge.ts";
import type { Target } from "./target.ts";

/** Something that targets offer to do, as their own description says. */
export interface Action {
  /** Method and path, such as `POST /rate`. */
  readonly id: string;
  readonly summary: string;
  /** Names of the targets that offer it. */
  readonly targets: readonly string[];
  /** What it takes, by name, as JSON schema has it. */
  readonly fields: Readonly<Record<string, FieldSchema>>;
}

interface FieldSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly required: boolean;
}

/** An order to do something now. */
export interface ActionOrder {
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly targets: readonly string[];
  readonly who: string;
}

export interface ActionResult {
  readonly target: string;
  readonly ok: boolean;
  readonly error?: string;
}

/** The part of a target's /openapi.json that is needed here. */
const description = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z.object({
        summary: z.string().default(""),
        requestBody: z.object({
          content: z.object({
            "application/json": z.object({
              schema: z.object({
                properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
                required: z.array(z.string()).default([]),
              }),
            }),
          }),
        }).optional(),
      }).optional(),
    }),
  ),
});

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How long a target may take to do what it was told. */
const ANSWER_MS = 5_000;

/** Lets operators do what targets offer. Each action is logged with who did it, and marked on the charts. */
export class Control {
  readonly #core: MonitorCore;
  readonly #fetch: Fetch;
  readonly #log: Log;
  readonly #headers: Record<string, string>;

  /** @param token of the targets, if they want one */
  constructor(core: MonitorCore, fetch: Fetch, log: Log, token: string | undefined) {
    this.#core = core;
    this.#fetch = fetch;
    this.#log = log;
    this.#headers = {
      "content-type": "application/json",
      ...tokenHeader(token),
    };
  }

  /** What can be done now. Targets of a kind offer the same, so one of each is asked. */
  async actions(): Promise<Action[]> {
    const actions = new Map<string, Action>();
    for (const role of ROLES) {
      const live = this.#core.targets.filter(({ state, last }) => state === "live" && last?.role === role);
      if (live.length === 0) continue;
      for (const action of await this.#offered(live[0])) {
        const names = live.map(({ spec }) => spec.name);
        const same = actions.get(action.id);
        actions.set(action.id, {
          ...action,
          summary: same === undefined ? action.summary : same.summary,
          targets: [...same?.targets ?? [], ...names],
        });
      }
    }
    return [...actions.values()];
  }

  /** Does it, on every target that is named, and says how each answered. */
  async run({ action, body, targets, who }: ActionOrder): Promise<ActionResult[]> {
    const path = action.replace(/^POST /, "");
    const on = targets.length === 1 ? targets[0] : `${targets.length} targets`;
    this.#core.mark("action", `${actionText(path, body)} on ${on}`, who || "operator");
    const results = await Promise.all(targets.map((name) => this.#tell(name, path, body, who)));
    const failed = results.filter(({ ok }) => !ok);
    this.#log(failed.length === 0 ? "info" : "warn", "action", { action, body, targets, who, failed });
    return results;
  }

  async #tell(
    name: string,
    path: string,
    body: ActionOrder["body"],
    who: string,
  ): Promise<ActionResult> {
    const target = this.#core.targets.find(({ spec }) => spec.name === name);
    if (target === undefined) return { target: name, ok: false, error: "no such target" };
    try {
      const response = await this.#fetch(`${target.spec.url}${path}`, {
        method: "POST",
        headers: {
          ...this.#headers,
          [WHO_HEADER]: encodeURIComponent(who || "operator"),
          [MARKED_BY_HEADER]: this.#core.id,
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (response.ok) {
        await response.body?.cancel();
        return { target: name, ok: true };
      }
      const answer = await response.json().catch(() => ({})) as { errors?: string[] };
      return { target: name, ok: false, error: answer.errors?.join("; ") ?? `status ${response.status}` };
    } catch (error) {
      return { target: name, ok: false, error: error instanceof Error ? error.message : String(error) };
    }
  }

  async #offered(target: Target): Promise<Omit<Action, "targets">[]> {
    try {
      const response = await this.#fetch(`${target.spec.url}/openapi.json`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const { paths } = description.parse(await response.json());
      return Object.entries(paths).flatMap(([path, { post }]) => {
        if (post === undefined) return [];
        const schema = post.requestBody?.content["application/json"].schema;
        const fields = Object.entries(schema?.properties ?? {}).map(([name, field]) => [name, {
          ...field,
          required: schema!.required.includes(name),
        }]);
        return [{ id: `POST ${path}`, summary: post.summary, fields: Object.fromEntries(fields) }];
      });
    } catch (error) {
      this.#log("warn", "actions unknown", { target: target.spec.name, error: String(error) });
      return [];
    }
  }
}
