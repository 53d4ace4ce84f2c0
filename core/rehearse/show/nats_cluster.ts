import { sleep, systemClock } from "../../base/clock.ts";
import { HeldPort } from "../stage/held_port.ts";

const PROGRAMS = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];
/** Where the server is; undefined: this machine has none. */
export const NATS_SERVER = PROGRAMS.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** How long a server may take to listen. */
const MAX_START_MS = 60_000;

interface Node {
  readonly config: string;
  readonly port: number;
  child?: Deno.ChildProcess;
}

/**
 * One cluster of one or three real servers on loopback, ended by their ids. Its ports stay its own while a server is down:
 * whoever dials it again and again would else get one for itself.
 */
export class NatsCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #nodes: Node[];
  readonly #held: readonly HeldPort[];
  readonly ports: readonly number[];

  private constructor(folder: string, nodes: Node[], held: readonly HeldPort[]) {
    this.#folder = folder;
    this.#nodes = nodes;
    this.#held = held;
    this.ports = nodes.map(({ port }) => port);
  }

  /** What `--bus` takes. */
  get url(): string {
    return `nats://${this.ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
  }

  get servers(): string[] {
    return this.ports.map((port) => `127.0.0.1:${port}`);
  }

  static async start(name: string, size: 1 | 3): Promise<NatsCluster> {
    const folder = await Deno.makeTempDir({ prefix: `nats-${name}-` });
    const held = Array.from({ length: size * 2 }, () => HeldPort.take());
    const ports = held.map(({ port }) => port);
    const [clients, routes] = [ports.slice(0, size), ports.slice(size)];
    const nodes = clients.map((port, i): Node => {
      const config = `${folder}/${i}.conf`;
      const cluster = size === 1
        ? ""
        : `cluster { name: ${name}, listen: 127.0.0.1:${routes[i]}, routes: [${
          routes.map((route) => `nats://127.0.0.1:${route}`).join(",")
        }] }`;
      Deno.writeTextFileSync(
        config,
        `server_name: ${name}${i}\nhost: 127.0.0.1\nport: ${port}\n` +
          `jetstream { store_dir: "${folder}/${i}", max_mem: 64MB, max_file: 1GB }\n${cluster}\n`,
      );
      return { config, port };
    });
    const cluster = new NatsCluster(folder, nodes, held);
    nodes.forEach((_, i) => cluster.revive(i));
    for (const { port } of nodes) await answers(port);
    return cluster;
  }

  /** Starts a node that isn't there. */
  revive(node: number): void {
    const one = this.#nodes[node];
    one.child = new Deno.Command(NATS_SERVER!, {
      args: ["-c", one.config],
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  async kill(node: number): Promise<void> {
    const { child } = this.#nodes[node];
    if (child === undefined) return;
    delete this.#nodes[node].child;
    child.kill("SIGKILL");
    await child.status;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#nodes.map((_, i) => this.kill(i)));
  }

  /** Kills all, erases their disks, and starts them anew. */
  async forget(): Promise<void> {
    await this.killAll();
    this.#nodes.forEach((_, i) => {
      try {
        Deno.removeSync(`${this.#folder}/${i}`, { recursive: true });
      } catch {
        // It had nothing yet.
      }
      this.revive(i);
    });
    for (const { port } of this.#nodes) await answers(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll();
    for (const port of this.#held) port[Symbol.dispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function answers(port: number): Promise<void> {
  const untilMs = systemClock.monotonicMs() + MAX_START_MS;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (systemClock.monotonicMs() > untilMs) throw error;
    }
    await sleep(20);
  }
}
