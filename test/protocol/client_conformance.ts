/**
 * What every client of version 1 does with frames, whoever wrote it: the kit plays the server, byte by byte, with the
 * examples of `docs/protocol.md`. It imports nothing of any runtime, so that it runs wherever clients do.
 */

/** A frame of the document: its bytes and what they say. */
export interface ExampleFrame {
  readonly name: string;
  readonly from: "client" | "server";
  readonly hex: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What the kit needs of a client. Its clock says 1,424,268,000,000 unix ms. */
export interface ClientUnderTest {
  /** Connects, and logs in as the example does. */
  begin(login: Readonly<Record<string, unknown>>): Promise<void>;
  /** Has it send a frame with these values. */
  act(name: string, values: Readonly<Record<string, unknown>>): void;
  /** The server says these bytes. */
  receive(bytes: Uint8Array<ArrayBuffer>): void;
  /** The server ends the connection. */
  lose(): void;
  /** What it has sent since it was asked last, as hex. */
  sent(): Promise<string[]>;
  /** What it has made of the server's frames since it was asked last. */
  heard(): Promise<Heard[]>;
  /** Whether it holds its connection. */
  isOpen(): boolean;
}

export interface Heard {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface KitOptions {
  readonly examples: readonly ExampleFrame[];
  make(): ClientUnderTest;
  /** Frames of clients and servers that this client doesn't speak, with why. */
  readonly skips: Readonly<Record<string, string>>;
  /** Fields that the client doesn't tell its user, by frame. */
  readonly untold: Readonly<Record<string, readonly string[]>>;
  /** What it does with kinds of frames that it doesn't know: leave them out, or end the connection. */
  readonly unknownFrames: "leaves out" | "ends";
}

interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/** The cases, by name; each fails by throwing. */
export function clientCases(options: KitOptions): Case[] {
  const { examples, skips } = options;
  const login = examples.find(({ name }) => name === "login")!;
  const loginResult = examples.find(({ name }) => name === "loginResult")!;
  const spoken = examples.filter(({ name }) => skips[name] === undefined && name !== "close");
  const requests = spoken.filter(({ from, name }) => from === "client" && name !== "login");
  const answers = spoken.filter(({ from, name }) => from === "server" && name !== "loginResult");

  /** A client that is logged in, and has asked for all that the examples answer. */
  async function ready(asks = true): Promise<ClientUnderTest> {
    const client = options.make();
    await client.begin(login.values);
    await client.sent();
    client.receive(bytesOf(loginResult.hex));
    await client.heard();
    if (!asks) return client;
    for (const { name, values } of requests) if (name !== "shake") client.act(name, values);
    // Each answer to a shake is to one of its own.
    for (const { name, values } of answers) if (name === "shakeResult") client.act("shake", values);
    await client.sent();
    return client;
  }

  const begins: Case = {
    name: "the first frame is the login of the document, byte for byte",
    async run() {
      const client = options.make();
      await client.begin(login.values);
      same(await client.sent(), [login.hex], "a login");
    },
  };
  const writes = requests.map((example): Case => ({
    name: `it sends ${example.name} as the document has it`,
    async run() {
      const client = await ready(false);
      client.act(example.name, example.values);
      same(await client.sent(), [example.hex], example.name);
    },
  }));
  const reads = answers.map((example, i): Case => ({
    name: `it reads ${example.name} as the document has it (example ${i + 1})`,
    async run() {
      const client = await ready();
      client.receive(bytesOf(example.hex));
      same(await client.heard(), [said(example, options)], example.name);
      same(client.isOpen(), true, "it stays");
    },
  }));
  const cut = [1, 2, 3, 5, 13, 64, 1_000].map((step): Case => ({
    name: `it reads the same of frames that come in pieces of ${step} bytes`,
    async run() {
      const client = await ready();
      const stream = bytesOf(answers.map(({ hex }) => hex).join(""));
      for (let at = 0; at < stream.length; at += step) client.receive(stream.slice(at, at + step));
      same(
        byName(await client.heard()),
        byName(answers.map((example) => said(example, options))),
        "all of them",
      );
    },
  }));
  const unknown: Case = {
    name: `it ${options.unknownFrames} what it doesn't know`,
    async run() {
      const client = await ready();
      client.receive(bytesOf("000e01ff0000014b9cfcfb00abcd"));
      same(client.isOpen(), options.unknownFrames === "leaves out", "its connection");
      if (!client.isOpen()) return;
      client.receive(bytesOf(answers[0].hex));
      same(await client.heard(), [said(answers[0], options)], "what comes behind");
    },
  };
  const wrong = [
    ["a length under the kind's", "000c01900000014b9cfcfb00"],
    ["a length over the kind's", "010001900000014b9cfcfb00"],
    ["no frame at all", "000301900000014b9cfcfb00"],
    ["a kind that can't be", "000cffff0000014b9cfcfb00"],
  ].map(([what, hex]): Case => ({
    name: `it ends the connection for ${what}`,
    async run() {
      const client = await ready();
      client.receive(bytesOf(hex));
      await client.heard();
      same(client.isOpen(), false, "its connection");
    },
  }));
  const half: Case = {
    name: "half a frame of a lost connection isn't the next one's",
    async run() {
      const client = await ready(false);
      client.receive(bytesOf(answers[0].hex).slice(0, 9));
      client.lose();
      await client.begin(login.values);
      same(await client.sent(), [login.hex], "it logs in again");
      client.receive(bytesOf(loginResult.hex));
      same(client.isOpen(), true, "it is there again");
    },
  };
  return [begins, ...writes, ...reads, ...cut, unknown, ...wrong, half];
}

/** Runs all cases; returns what failed. */
export async function runCases(cases: readonly Case[]): Promise<{ ran: number; failures: string[] }> {
  const failures: string[] = [];
  for (const { name, run } of cases) {
    try {
      await run();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { ran: cases.length, failures };
}

function said({ name, values }: ExampleFrame, { untold }: KitOptions): Heard {
  const told = Object.entries(values).filter(([field]) => !untold[name]?.includes(field));
  return { name, values: Object.fromEntries(told) };
}

function byName(heard: readonly Heard[]): Heard[] {
  return [...heard].sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function same(got: unknown, wanted: unknown, what: string): void {
  const [one, other] = [sortedJson(got), sortedJson(wanted)];
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

/** JSON with the keys of objects in order. */
function sortedJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
        : inner,
  );
}
