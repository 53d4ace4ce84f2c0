import { sleep } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import type { ShowStep } from "../measure/scenario.ts";
import { NATS_SERVER, NatsCluster } from "./nats_cluster.ts";

export const EVENT = "rehearsal";
/** How long a console lives that dies in the middle of a word: it has begun, and isn't done. */
const DYING_MS = 350;
/** Of a rehearsal's one host: a machine that is busy with shakes takes longer than a show's. */
const CONFIRM_MS = 10_000;

/** What a rehearsal needs of its tickets. */
interface Tickets {
  /** File of their plan. */
  readonly plan: string;
}

/** What a console says of a show. */
interface Status {
  readonly wallMs: number;
  readonly isHeld: boolean;
  readonly waves: readonly { readonly name: string; readonly startMs: number }[];
}

/** The console and the paths of a rehearsed show: real commands, and real NATS clusters where the machine has the server. */
export class ShowStage implements AsyncDisposable {
  /** By what the show comes, in words. */
  readonly paths: string;
  readonly #host: Host;
  readonly #folder: string;
  readonly #plan: string;
  readonly #clusters: readonly NatsCluster[];
  readonly #urls: readonly string[];
  /** Which console directs: each has a folder and a key of its own. */
  #console = 0;

  private constructor(host: Host, folder: string, plan: string, clusters: readonly NatsCluster[]) {
    this.#host = host;
    this.#folder = folder;
    this.#plan = plan;
    this.#clusters = clusters;
    this.#urls = clusters.length > 0
      ? clusters.map(({ url }) => url)
      : ["a", "b"].map((name) => `file:${folder}/bus-${name}`);
    this.paths = clusters.length > 0
      ? "two NATS clusters of three servers"
      : "two folders, since there is no nats-server here";
    const keys = this.#keys.map((path) => new KeyFolder(path));
    for (const key of keys) key.make(false);
    // Each trusts the other, and the server both.
    for (const [from, to] of [[0, 1], [1, 0]]) {
      for (const pem of keys[from].trusted().values()) {
        keys[to].trust(pem.export({ type: "spki", format: "pem" }) as string, "a rehearsal's key");
      }
    }
  }

  static async start(host: Host, folder: string, { plan }: Tickets): Promise<ShowStage> {
    const clusters: NatsCluster[] = [];
    if (NATS_SERVER !== undefined) {
      for (const name of ["a", "b"]) clusters.push(await NatsCluster.start(name, 3));
    }
    return new ShowStage(host, folder, plan, clusters);
  }

  get serverFlags(): readonly string[] {
    return [
      ...["--show-keys", this.#keys[0], "--event", EVENT],
      ...this.#urls.flatMap((url) => ["--bus", url]),
    ];
  }

  /** Begins the show: its waves are as far away as the plan has them. */
  async begin(): Promise<void> {
    await this.#run("init", "--plan", this.#plan, "--event", EVENT, "--approve", this.#keys[1]);
  }

  async perform(step: ShowStep["do"]): Promise<void> {
    switch (step.what) {
      case "begin": {
        const { wallMs, waves } = JSON.parse(await this.#run("status", "--json")) as Status;
        const wave = waves.find(({ name }) => name === step.wave);
        if (wave === undefined) throw new UserError(`show: begin: the plan has no wave ${step.wave}`);
        const byMs = Math.round(wallMs + step.inS * 1000 - wave.startMs);
        const by = `${byMs < 0 ? "-" : "+"}${Math.abs(byMs)}ms`;
        await this.#run("shift", by, step.wave, "--approve", this.#otherKeys);
        return;
      }
      case "shift":
        return void await this.#run("shift", `${step.byS < 0 ? "-" : "+"}${Math.abs(step.byS)}s`);
      case "cut":
        return void await this.#run("cut", step.wave, "--approve", this.#otherKeys);
      case "killConsole":
        return await this.#killConsole();
      case "killPath":
        return await this.#killPath();
      default:
        return void await this.#run(step.what);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.#clusters) await cluster[Symbol.asyncDispose]();
  }

  get #keys(): readonly string[] {
    return ["one", "two"].map((name) => `${this.#folder}/show-keys-${name}`);
  }

  get #otherKeys(): string {
    return this.#keys[(this.#console + 1) % 2];
  }

  async #killConsole(): Promise<void> {
    const dying = this.#command("go").spawn();
    await sleep(DYING_MS);
    try {
      dying.kill("SIGKILL");
    } catch {
      // It was quicker than that.
    }
    await dying.output();
    this.#console = (this.#console + 1) % 2;
    await this.#run("takeover", "--event", EVENT);
    // Whether the dying one was heard is up to chance: what it said stands, and what it didn't say is said now.
    const { isHeld } = JSON.parse(await this.#run("status", "--json")) as Status;
    if (isHeld) await this.#run("go");
  }

  async #killPath(): Promise<void> {
    if (this.#clusters.length > 0) return await this.#clusters[0].killAll();
    // Nobody can reach a folder whose place a file has.
    const path = this.#urls[0].slice("file:".length);
    await Deno.remove(path, { recursive: true });
    await Deno.writeTextFile(path, "");
  }

  /** Runs a command of the console, and returns what it says. */
  async #run(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#command(...words).output();
    const said = new TextDecoder().decode(stdout);
    // A path that is gone makes the show's state bad, and is part of what is rehearsed.
    if (code === 0 || words[0] === "status") return said;
    const why = `${new TextDecoder().decode(stderr)}${said}`.trim().split("\n").join("; ");
    throw new UserError(`redpkt show ${words.join(" ")}: ${why}`);
  }

  #command(...words: readonly string[]): Deno.Command {
    const [executable, ...before] = this.#host.program.command;
    return new Deno.Command(executable, {
      args: [
        ...[...before, "show", ...words],
        ...["--console", `${this.#folder}/console-${this.#console + 1}`, "--keys", this.#keys[this.#console]],
        ...["--confirm-ms", String(CONFIRM_MS), "--who", `console ${this.#console + 1}`],
        ...this.#urls.flatMap((url) => ["--bus", url]),
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }
}
