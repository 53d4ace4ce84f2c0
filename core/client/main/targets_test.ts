import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { resolveServers } from "../../os/resolve_servers.ts";
import { formatServer, parseServers, parseSources } from "../../os/server_addresses.ts";
import { pairAddresses } from "./targets.ts";

const LOOPBACK = 0x7f00_0001;

Deno.test("servers are read from lists, ranges and repetitions", () => {
  assert.deepEqual(parseServers(["127.0.0.1:1025"]), { values: [{ address: LOOPBACK, port: 1025 }] });
  assert.deepEqual(parseServers(["localhost:80, 10.0.0.1:81", "10.0.0.254-10.0.1.1:82"]), {
    values: [
      { address: LOOPBACK, port: 80 },
      { address: 0x0a00_0001, port: 81 },
      ...[0x0a00_00fe, 0x0a00_00ff, 0x0a00_0100, 0x0a00_0101].map((address) => ({ address, port: 82 })),
    ],
  });
  assert.deepEqual(parseSources(["192.168.0.1-192.168.0.2"]), { values: [0xc0a8_0001, 0xc0a8_0002] });
  assert.deepEqual(parseSources([]), { values: [] });
});

Deno.test("what is no server says what to write instead", () => {
  const problems = [
    "127.0.0.1",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "256.1.1.1:80",
    "exa_mple:80",
    "[::g]:80",
    "10.0.0.9-10.0.0.1:80",
    "",
    ":80",
  ]
    .map((text) => {
      const parsed = parseServers([text]);
      return "problem" in parsed ? parsed.problem : `accepted ${text}`;
    });
  assert.deepEqual(problems, [
    "127.0.0.1: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025",
    "127.0.0.1:0: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025",
    "127.0.0.1:65536: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025",
    ...["256.1.1.1", "exa_mple", "[::g]"].map((text) =>
      `${text}: not an address. Write 10.0.0.1, 10.0.0.1-10.0.0.40, [2001:db8::1] or a name`
    ),
    "10.0.0.9-10.0.0.1: the range runs backwards",
    "no address. Write one as 127.0.0.1:1025",
    ":80: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025",
  ]);
});

Deno.test("an IPv6 address and a name are a server's place too, and are written as they are read", () => {
  const places = ["[2001:db8::1]:1025", "[::1]:80", "gw-1.example:1025", "h1:80", "127.0.0.1:1"];
  const parsed = parseServers(places);
  assert.ok("values" in parsed);
  assert.deepEqual(parsed.values.map(formatServer), places);
  assert.deepEqual(parsed.values[1], { address: 0, ipv6: [...new Array(15).fill(0), 1], port: 80 });
});

Deno.test("a name is every address that it has, and names that have none are told together", async () => {
  const known: Record<string, string[]> = { "gw.example": ["10.0.0.1", "2001:db8::1"] };
  const ask = (name: string) =>
    known[name] === undefined ? Promise.reject(new Error("not found")) : Promise.resolve(known[name]);
  const parsed = parseServers(["gw.example:80,10.0.0.9:81"]);
  const found = await resolveServers("--server", "values" in parsed ? parsed.values : [], ask);
  assert.deepEqual(found.map(formatServer), ["10.0.0.1:80", "[2001:db8::1]:80", "10.0.0.9:81"]);
  const lost = [{ name: "a.example", port: 1 }, { name: "b.example", port: 1 }];
  await assert.rejects(
    () => resolveServers("--server", lost, ask),
    (error) =>
      error instanceof UserError &&
      error.message === lost.map(({ name }) => `--server ${name}: has no address: not found`).join("\n"),
  );
});

const PER_PAIR = 30_000;

Deno.test("every pair of a source and a server is used", () => {
  const servers = [{ address: 1, port: 10 }, { address: 2, port: 10 }];
  const pairs = pairAddresses(servers, [7, 8, 9], 6 * PER_PAIR, PER_PAIR);
  assert.equal(new Set(pairs.map(({ address, source }) => `${source}>${address}`)).size, 6);
  assert.deepEqual(pairAddresses(servers.slice(1), [], 1, PER_PAIR), [{ address: 2, port: 10, source: 0 }]);
});

Deno.test("too few pairs: says exactly what is lacking, and how to give it", () => {
  const lack = (address: number, sources: number[], users: number) => {
    try {
      pairAddresses([{ address, port: 1025 }], sources, users, PER_PAIR);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.message;
    }
    return "enough";
  };
  assert.equal(lack(LOOPBACK, [], PER_PAIR), "enough");
  assert.equal(
    lack(LOOPBACK, [], 1_000_000),
    "1,000,000 users need 34 pairs of source and server address (30,000 connections each), and 1 is given: " +
      "33 server addresses lacking: give --server 127.0.0.1-127.0.0.34:1025, with the server on --host 0.0.0.0",
  );
  assert.equal(
    lack(0x0a00_0001, [5, 6], 100_000),
    "100,000 users need 4 pairs of source and server address (30,000 connections each), and 2 are given: " +
      "2 source addresses lacking: add to this host and give them with --source, or give 1 server address more with --server",
  );
});
