/** A party as a process of its own on loopback, and what a host does with it. */
import assert from "node:assert/strict";
import type { HostView } from "../../core/phone/wall/host_view.ts";
import { Running } from "../processes.ts";

/** Nothing takes as long, unless it hangs: then the test fails here. */
const MOST_MS = 120_000;
const LOOK_MS = 50;

export class PartyWorld implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "redpkt-party-" });
  readonly dir = `${this.folder}/party`;
  running!: Running;
  base = "";
  #client: Deno.HttpClient | undefined;

  /** Starts the command, or starts it again on the same folder. */
  async start(...args: readonly string[]): Promise<void> {
    await this.resume("--listen", "127.0.0.1:0", ...args);
  }

  /** Starts it again without a word of where and how. */
  async resume(...args: readonly string[]): Promise<void> {
    const claims = ["--claims", `${this.folder}/state`];
    this.running = new Running(["party", "--dir", this.dir, ...claims, ...args]);
    const { join } = await this.running.event("open");
    this.base = String(join).replace(/\/#.*$/, "");
    if (!this.base.startsWith("https")) return;
    this.#client?.close();
    // Nobody vouches for the certificate but this machine: it is trusted by its own text.
    this.#client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${this.dir}/tls-cert.pem`)] });
  }

  get party(): { code: string; secret: string; id: string } {
    return JSON.parse(Deno.readTextFileSync(`${this.dir}/party.json`));
  }

  get joinUrl(): string {
    return `${this.base}/#${this.party.code}`;
  }

  /** The process that has the money, by the lock of its ledger. */
  get serverPid(): number {
    return Number(Deno.readTextFileSync(`${this.dir}/ledger/lock`));
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const client = this.#client;
    return await fetch(this.base + path, { ...init, ...(client === undefined ? {} : { client }) });
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await this.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  /** What the host orders; fails with the party's words. */
  async order(what: string, body: unknown = {}): Promise<void> {
    const response = await this.post(`/api/host/${what}`, body, this.#secret);
    assert.equal(response.status, 200, await response.text());
  }

  async view(): Promise<HostView> {
    return await (await this.request("/api/host/view", { headers: this.#secret })).json();
  }

  async join(
    name: string,
    code = this.party.code,
  ): Promise<{ user: number; name: string; token: string; refusal?: string }> {
    return await (await this.post("/api/join", { name, code })).json();
  }

  /** Resolves when it holds. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const endMs = performance.now() + MOST_MS; !(await holds());) {
      assert.ok(performance.now() < endMs, `it never comes to: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The packets of the list of winners: guest, packet, fen. */
  winners(): { user: number; packetId: number; amountFen: number; state: string }[] {
    const text = Deno.readTextFileSync(`${this.dir}/winners.csv`);
    const [head, ...lines] = text.replace(/\r\n$/, "").split("\r\n");
    assert.equal(head, "\ufeffguest,name,packet,wave,sponsor,amount_fen,state,won_at");
    return lines.map((line) => {
      const [, user, packetId, amountFen, state] =
        /^(\d+),"(?:[^"]|"")*",(\d+),\d+,"(?:[^"]|"")*",(\d+),([a-z ]+),/.exec(line)!;
      return { user: Number(user), packetId: Number(packetId), amountFen: Number(amountFen), state };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.close();
    await this.running?.[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  get #secret(): Record<string, string> {
    return { authorization: `Bearer ${this.party.secret}` };
  }
}
