import assert from "node:assert/strict";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { redpkt, startServer } from "../processes.ts";

const HOUR_MS = 3_600_000;

/** A folder with keys of two persons, a seed file and a plan whose waves are an hour away. */
export class ShowPlace implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();

  async make(): Promise<void> {
    const at = (ms: number) => new Date(Math.ceil(Date.now() / 1000) * 1000 + ms).toISOString();
    const plan: PlanInput = {
      name: "show",
      expires: at(48 * HOUR_MS),
      sponsors: [{ number: 1, name: "One", budgetFen: 2_000, amounts: { kind: "fixed", amountFen: 100 } }],
      waves: [{ name: "first", start: at(HOUR_MS), lengthS: 20 }, {
        name: "second",
        start: at(2 * HOUR_MS),
        lengthS: 20,
      }],
      hosts: [{ id: "host-a" }],
    };
    await Deno.writeTextFile(`${this.path}/plan.json`, JSON.stringify(plan));
    await this.run(["seed", "key", "new", "--keys", "seed-keys"]);
    await this.run(["seed", "make", "plan.json", "--keys", "seed-keys", "--out", "seeds"]);
    for (const name of ["anna", "ben"]) await this.run(["show", "keygen", "--keys", name]);
    for (const [from, to] of [["anna", "ben"], ["ben", "anna"]]) {
      for (const { name } of Deno.readDirSync(`${this.path}/${from}/trusted`)) {
        Deno.copyFileSync(`${this.path}/${from}/trusted/${name}`, `${this.path}/${to}/trusted/${name}`);
      }
    }
  }

  /** Runs a command in the folder, which must end so. */
  async run(args: readonly string[], wantedCode = 0): Promise<string> {
    const { code, stdout, stderr } = await redpkt(args, { cwd: this.path });
    assert.equal(code, wantedCode, `redpkt ${args.join(" ")}: ${stderr}${stdout}`);
    return `${stdout}${stderr}`;
  }

  show(args: readonly string[], wantedCode = 0): Promise<string> {
    return this.run(["show", ...args, "--confirm-ms", "30000"], wantedCode);
  }

  server(more: readonly string[]) {
    const { path } = this;
    return startServer([
      ...[
        "--workers",
        "1",
        "--max-connections",
        "100",
        "--ledger",
        `${path}/ledger`,
        "--claims",
        `${path}/claims`,
      ],
      ...["--seed", `${path}/seeds/host-a.seed`, "--seed-keys", `${path}/seed-keys`, "--host-id", "host-a"],
      ...["--show-keys", `${path}/anna`, "--event", "gala", ...more],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
