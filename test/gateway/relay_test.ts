/** A gateway between WebSockets and servers that are played by hand: what it brings, and what it refuses. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { CloseCode } from "../../core/wire/codes.ts";
import { readProxyHeader } from "../../core/wire/proxy_protocol.ts";
import { frames } from "../../core/wire/v1/frames.ts";
import {
  frameOf,
  GatewayWorld,
  HandServer,
  joined,
  loginOf,
  readBytes,
  SocketPeer,
  throttleDoor,
} from "./gateway_world.ts";

const LOGIN_BYTES = frames.login.bytes[0];
const shake = (requestId: number) => frameOf(frames.shake, { requestId });
const answer = (requestId: number) =>
  frameOf(frames.shakeResult, { requestId, result: 1, packetId: 0, amountFen: 0, retryMs: 0 });
const loggedIn = frameOf(frames.loginResult, { user: 7, version: 1 });

Deno.test("frames go both ways as they are: whole ones in a message, however TCP cuts them", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  const peer = await world.peer();
  const first = joined(loginOf(7), shake(1));
  peer.send(first);
  const connection = await server.accept();
  assert.deepEqual(await readBytes(connection, first.length), first);
  await connection.write(loggedIn);
  assert.deepEqual(await peer.next(), loggedIn);
  assert.deepEqual([world.total("users"), world.total("logins")], [1, 1]);
  peer.send(shake(2));
  assert.deepEqual(await readBytes(connection, 16), shake(2));
  const two = joined(answer(1), answer(2));
  await connection.write(two.subarray(0, 40));
  assert.deepEqual(await peer.next(), answer(1));
  await connection.write(two.subarray(40));
  assert.deepEqual(await peer.next(), answer(2));
  peer.socket.close();
  await peer.closed;
  assert.equal(await connection.read(new Uint8Array(9)), null, "the server hears that the user has left");
  await world.until(() => world.total("connections") === 0);
  assert.deepEqual(
    ["connections", "users", "framesIn", "framesOut", "peerEnded"].map((name) => world.total(name)),
    [0, 0, 3, 3, 1],
  );
});

Deno.test("a server's last words arrive before the end, with its close code", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  const peer = await world.peer();
  peer.send(loginOf(7));
  const connection = await server.accept();
  await connection.write(loggedIn);
  await peer.next();
  await connection.write(frameOf(frames.close, { code: CloseCode.draining, retryMs: 5 }));
  connection.close();
  assert.equal(await peer.refusal(), CloseCode.draining);
  assert.equal(world.total("serverClosed"), 1);
});

Deno.test("a server that is gone without a word is told as such", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  const peer = await world.peer();
  peer.send(loginOf(7));
  (await server.accept()).close();
  assert.equal(await peer.refusal(), CloseCode.serverLost);
});

Deno.test("what isn't whole frames in binary ends the connection and reaches no server", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  const partial = joined(loginOf(7), shake(1).subarray(0, 9));
  const short = joined(loginOf(7), Uint8Array.of(0, 11, 1, 1, 0, 0, 0, 0, 0, 0, 0));
  const long = joined(loginOf(7), Uint8Array.of(0x10, 1, 1, 1));
  const cases: [Uint8Array<ArrayBuffer>, number][] = [
    [partial, CloseCode.badMessage],
    [Uint8Array.of(), CloseCode.badMessage],
    [Uint8Array.of(0), CloseCode.badMessage],
    [short, CloseCode.frameTooShort],
    [long, CloseCode.frameTooLong],
    [shake(1), CloseCode.loginExpected],
    [loginOf(7).subarray(0, 20), CloseCode.badMessage],
  ];
  for (const [bytes, code] of cases) assert.equal(await (await world.peer()).send(bytes).refusal(), code);
  assert.equal(await (await world.peer()).send("text").closed, 1003);
  assert.equal(await (await world.peer()).send(new Uint8Array(9_000)).closed, 1009);
  assert.equal(world.total("serverDials"), 0);
  assert.equal(world.total("closedBadMessage"), 3 + 1 + 2);
});

Deno.test("who doesn't log in in time, or says too much before there is a server, is closed", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port], {
    limits: { messageBytes: 8_192, queueBytes: 65_536, loginS: 10, readS: 20 },
  });
  const silent = await world.peer();
  world.pass(10_000);
  assert.equal(silent.socket.readyState, WebSocket.OPEN);
  world.pass(2_000);
  assert.equal(await silent.refusal(), CloseCode.loginTimeout);
});

Deno.test("a user who doesn't read is closed when their queue is full, and nobody else waits", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  // A raw connection that asks for the upgrade, logs in, and never reads.
  const slow = await Deno.connect({ port: world.gateway.address.port, hostname: "127.0.0.1" });
  await slow.write(new TextEncoder().encode(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  await slow.read(new Uint8Array(1_000));
  await slow.write(joined(Uint8Array.of(0x82, 0x80 | LOGIN_BYTES, 0, 0, 0, 0), loginOf(7)));
  const connection = await server.accept();
  const much = joined(...Array.from({ length: 1_000 }, (_, i) => answer(i)));
  while (world.total("closedSlowReader") === 0) {
    // All are in one thread here: each has its turn.
    await Promise.race([connection.write(much), sleep(1)]);
  }
  await world.until(() => world.total("connections") === 0);
  assert.equal(world.total("closedSlowReader"), 1);
  assert.equal(world.total("connections"), 0);
  slow.close();
});

Deno.test("the door refuses before a server hears of it: origins, rates of addresses, a full house", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port], {
    capacity: 2,
    origins: ["https://party.example"],
    doorPlugins: throttleDoor({ addressAcceptsPerS: 1, addressAcceptBurst: 4 }),
  });
  const status = async (headers: Record<string, string>) => {
    const response = await fetch(`http://${world.address}/`, {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    await response.body?.cancel();
    return response.status;
  };
  await assert.rejects(world.peer({ origin: "https://evil.example" }));
  const one = await world.peer({ origin: "https://party.example" });
  await world.peer({ origin: `http://${world.address}` });
  await assert.rejects(world.peer(), "no place");
  await assert.rejects(world.peer(), "no place");
  await assert.rejects(world.peer(), "too many from here");
  assert.equal(await status({ "sec-websocket-version": "7" }), 400);
  const counts = ["refusedOrigin", "refusedFull", "refusedRate", "refusedHandshake", "serverDials"];
  assert.deepEqual(counts.map((name) => world.total(name)), [1, 2, 1, 1, 0]);
  assert.equal(world.total("throttleAcceptsByAddress"), 1, "counted by the plugin that says so");
  one.socket.close();
  await world.until(() => world.total("connections") === 1);
  world.pass(1_000);
  await world.peer();
});

Deno.test("a token that logs in too often is told to come later", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port], {
    doorPlugins: throttleDoor({ userLoginsPerMinute: 60, userLoginBurst: 2 }),
  });
  for (let i = 0; i < 2; i++) (await world.peer()).send(loginOf(7));
  for (let i = 0; i < 2; i++) await server.accept();
  assert.equal(await (await world.peer()).send(loginOf(7)).refusal(), CloseCode.tooManyLogins);
  assert.equal(world.total("throttleLoginsByUser"), 1, "the reason that servers count");
  (await world.peer()).send(loginOf(8));
  await server.accept();
});

Deno.test("a dead server is left out; with none left users are told to come later", async () => {
  using server = new HandServer();
  const dead = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const deadPort = dead.addr.port;
  dead.close();
  await using world = await GatewayWorld.start([deadPort, server.port]);
  for (let user = 0; user < 8; user++) {
    (await world.peer()).send(loginOf(user));
    await server.accept();
  }
  assert.deepEqual([world.total("serverDialsFailed"), world.gateway.hosts.up], [1, 1]);
  server.listener.close();
  assert.equal(await (await world.peer()).send(loginOf(1)).refusal(), CloseCode.serverLost);
});

Deno.test("servers are told of the client in front of the first frame, if they are to be", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port], { sendsProxyProtocol: true });
  const peer = await world.peer();
  peer.send(loginOf(7));
  const bytes = await readBytes(await server.accept(), 28 + LOGIN_BYTES);
  const into = { address: 0 };
  assert.equal(readProxyHeader(bytes, 0, bytes.length, into), 28);
  assert.equal(into.address, 0x7f00_0001);
  assert.deepEqual(bytes.subarray(28), loginOf(7));
});

Deno.test("at the end everybody is told to go elsewhere, and nobody new comes in", async () => {
  using server = new HandServer();
  await using world = await GatewayWorld.start([server.port]);
  const peers = await Promise.all(Array.from({ length: 10 }, () => world.peer()));
  peers.forEach((peer, user) => peer.send(loginOf(user)));
  const connections = [];
  for (const _ of peers) connections.push(await server.accept());
  const draining = world.gateway.drain(200);
  await assert.rejects(world.peer());
  assert.deepEqual(
    await Promise.all(peers.map((peer) => peer.refusal())),
    peers.map(() => CloseCode.draining),
  );
  await draining;
  for (const connection of connections) {
    await readBytes(connection, LOGIN_BYTES);
    assert.equal(await connection.read(new Uint8Array(9)), null);
  }
});

Deno.test("whoever asks for a page is told what this is, or gets what is served beside it", async () => {
  await using plain = await GatewayWorld.start([1]);
  const refused = await fetch(`http://${plain.address}/`);
  assert.deepEqual([refused.status, (await refused.json()).errors[0]], [
    426,
    "this is a gateway: connect with a WebSocket",
  ]);
  await using world = await GatewayWorld.start([1], {
    serve: async (request, from) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()} ${from}`),
  });
  const page = await fetch(`http://${world.address}/join`, { method: "POST", body: "ann" });
  assert.equal(await page.text(), "POST /join ann 127.0.0.1");
  const peer = new SocketPeer(`ws://${world.address}/`);
  await peer.opened;
  peer.socket.close();
});

Deno.test("a server that tells its users to move gets nobody any more: who logs in again is brought elsewhere", async () => {
  using first = new HandServer();
  using second = new HandServer();
  await using world = await GatewayWorld.start([first.port, second.port]);
  const peer = await world.peer();
  peer.send(loginOf(7));
  // Whichever of them is the user's own.
  const accepts = [first.accept(), second.accept()];
  const [connection, other] = await Promise.race(
    accepts.map(async (accept, i) => [await accept, accepts[1 - i]] as const),
  );
  await connection.write(loggedIn);
  await peer.next();
  const move = frameOf(frames.move, { withinMs: 0, scope: 0 });
  await connection.write(joined(answer(1), move));
  assert.deepEqual(await peer.next(), joined(answer(1), move));
  const again = await world.peer();
  again.send(loginOf(7));
  const elsewhere = await other;
  assert.deepEqual(await readBytes(elsewhere, LOGIN_BYTES), loginOf(7));
  await elsewhere.write(loggedIn);
  assert.deepEqual(await again.next(), loggedIn);
  assert.equal(world.total("users"), 2, "the old connection stands until the user ends it");
});

Deno.test("a server that ends a connection before the login, without a word, is left for another", async () => {
  using first = new HandServer();
  using second = new HandServer();
  await using world = await GatewayWorld.start([first.port, second.port]);
  const peer = await world.peer();
  peer.send(loginOf(7));
  const accepts = [first.accept(), second.accept()];
  const [connection, other] = await Promise.race(
    accepts.map(async (accept, i) => [await accept, accepts[1 - i]] as const),
  );
  connection.close();
  const elsewhere = await other;
  assert.deepEqual(await readBytes(elsewhere, LOGIN_BYTES), loginOf(7));
  await elsewhere.write(loggedIn);
  assert.deepEqual(await peer.next(), loggedIn, "the user notices nothing");
});
