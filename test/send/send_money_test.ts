/** Where the money of sends goes, to the fen, and what operators are told of it. */
import assert from "node:assert/strict";
import { Result } from "../../core/wire/codes.ts";
import { Opcode1 } from "../../core/wire/v1/frames.ts";
import { SendWorld } from "./send_world.ts";

const EXPIRES_S = 10;

Deno.test("a send says when it ends, and the same request says the same again, whenever it comes", async () => {
  const world = new SendWorld({ config: { expiresS: EXPIRES_S } });
  await world.fund(1, 1, 1_000);
  const sender = world.in(1);
  const firstId = world.sendBy(sender, 100, { to: [2], requestId: 1 });
  const { expiresMs } = sender.sent[0];
  const endsInMs = expiresMs - world.network.clock.wallMs();
  assert.ok(endsInMs <= EXPIRES_S * 1000 && endsInMs > EXPIRES_S * 1000 - 500, `${endsInMs}`);
  world.pass(3_000);
  assert.equal(world.sendBy(sender, 100, { to: [2], requestId: 1 }), firstId);
  assert.equal(sender.sent[1].expiresMs, expiresMs);
  assert.deepEqual(sender.sent.map(({ requestId }) => requestId), [1, 1]);
  assert.equal(world.balanceOf(sender), 900, "it is one send");
});

Deno.test("what the host has sent and nobody claims goes back to where it came from, and no user hears of it", async () => {
  const world = new SendWorld({ config: { expiresS: EXPIRES_S } });
  const users = [0, 1, 2].map((id) => world.in(id)); // the host's own sends have no sender, as user 0 would be
  await world.ask("post", "/sends", { ratePerS: 50, total: 2, users: [0, 2], amountFen: 31, mode: "equal" });
  await world.settle(() => users.every(({ notices }) => notices.length === 2), 10);
  const [{ notices: [packetId] }] = users;
  const claimed = world.claimBy(users[1], packetId);
  assert.equal(claimed.result, Result.ok);
  assert.deepEqual([10, 11].includes(claimed.amountFen), true);
  const before = world.host.ledger.balances();
  assert.deepEqual([before.sourceFen, before.packetFen], [-62, 62 - claimed.amountFen]);
  world.pass(EXPIRES_S * 1000 + 3_000);
  assert.equal(world.total("sendExpired"), 2);
  assert.equal(world.total("sendReturnedFen"), 62 - claimed.amountFen);
  const { sourceFen, userFen, packetFen } = world.host.ledger.balances();
  assert.deepEqual([-sourceFen, userFen, packetFen], [claimed.amountFen, claimed.amountFen, 0]);
  for (const user of users) assert.equal(user.peer.of(Opcode1.expired).length, 0);
  assert.deepEqual(users.map((user) => world.balanceOf(user)), [0, claimed.amountFen, 0]);
});

Deno.test("users at the ends of 32 bits send and claim as anybody does", async () => {
  const world = new SendWorld();
  const ids = [0, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe];
  for (const id of ids) await world.fund(id, id, 100, `k${id}`);
  const users = ids.map((id) => world.in(id));
  for (const [i, sender] of users.entries()) {
    const to = ids.filter((_, other) => other !== i);
    const packetId = world.sendBy(sender, 90, { to, mode: 0, requestId: 0xffff_ffff });
    for (const [other, user] of users.entries()) {
      if (other === i) continue;
      assert.deepEqual(world.claimBy(user, packetId), { result: Result.ok, amountFen: 30 });
    }
  }
  assert.deepEqual(users.map((user) => world.balanceOf(user)), [100, 100, 100, 100]);
  const { userFen, packetFen } = world.host.ledger.balances();
  assert.deepEqual([userFen, packetFen], [400, 0]);
});

Deno.test("groups of any number are listed in order, and an answer says how many have changed", async () => {
  const world = new SendWorld();
  const groups = [7, 0x8000_0003, 0xffff_ffff].map((group, i) => ({ group, users: [10 * i, 10 * i + i] }));
  const set = (changes: unknown[]) => world.ask("post", "/groups", { groups: changes });
  assert.deepEqual(await set([...groups].reverse()), { changed: 3 });
  assert.deepEqual(await set(groups), { changed: 0 });
  assert.deepEqual(await set([{ ...groups[0], users: [1, 2] }, groups[1]]), { changed: 1 });
  const listed = {
    groups: [7, 0x8000_0003, 0xffff_ffff].map((group, i) => ({ group, members: i === 2 ? 3 : 2 })),
  };
  assert.deepEqual(await world.ask("get", "/groups", undefined), listed);
  // More than go into the ledger at once.
  const many = Array.from({ length: 3 }, (_, i) => ({ group: 100 + i, users: [0, 5_000] }));
  assert.deepEqual(await set(many), { changed: 3 });
  const { groups: all } = await world.ask("get", "/groups", undefined) as { groups: unknown[] };
  assert.equal(all.length, 6);
});

Deno.test("money for more users than go into the ledger at once reaches each of them once", async () => {
  const world = new SendWorld();
  const answer = { order: 1, state: "done", funded: 1_300, users: 1_300, repeated: false };
  assert.deepEqual(await world.fund(5, 1_304, 7), answer);
  assert.equal(world.host.ledger.balances().userFen, 1_300 * 7);
  const balances = [4, 5, 516, 517, 1_304, 1_305].map((id) => world.balanceOf(world.in(id)));
  assert.deepEqual(balances, [0, 7, 7, 7, 7, 0]);
  assert.deepEqual(await world.fund(9, 9, 1, "another"), { ...answer, order: 2, funded: 1, users: 1 });
});
