import assert from "node:assert/strict";
import { Random } from "../../../core/base/random.ts";
import { PacketQueue } from "./packet_queue.ts";

Deno.test("packets come out as they went in, all of each together, however many there are", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const queue = new PacketQueue();
    const model: [packetId: number, amountFen: number, sponsor: number][] = [];
    for (let step = 0; step < 1_500; step++) {
      const where = `seed ${seed}, step ${step}`;
      const act = random.below(8);
      if (act < 4 || model.length === 0) {
        const packet = [random.uint32(), random.uint32(), random.below(4) * 20_000] as [
          number,
          number,
          number,
        ];
        queue.push(...packet);
        model.push(packet);
      } else if (act < 7) {
        queue.shift();
        model.shift();
      } else {
        // The oldest of another sponsor changes places with the front.
        const sponsor = random.below(4) * 20_000;
        const other = model.findIndex((packet) => packet[2] !== sponsor);
        assert.equal(queue.frontOther(sponsor), other >= 0, where);
        if (other >= 0) [model[0], model[other]] = [model[other], model[0]];
      }
      assert.equal(queue.size, model.length, where);
      if (model.length > 0) {
        assert.deepEqual([queue.frontId, queue.frontAmountFen, queue.frontSponsor], model[0], where);
      }
    }
    for (const packet of model) {
      assert.deepEqual([queue.frontId, queue.frontAmountFen, queue.frontSponsor], packet);
      queue.shift();
    }
    assert.equal(queue.size, 0);
    assert.equal(queue.frontOther(1), false);
  }
});
