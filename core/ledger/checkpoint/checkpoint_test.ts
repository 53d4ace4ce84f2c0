import assert from "node:assert/strict";
import { growWorld, makeWorld } from "../../../test/audit/world.ts";
import { ManualClock } from "../../base/clock.ts";
import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "../judge/judge.ts";
import { orderStates } from "../registry/order_states.ts";
import { catchUp } from "../projection/projector.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { TruthReader } from "../store/truth_reader.ts";
import { CHECKPOINT_FILE, CheckpointBroken, CheckpointReader, restoreRegistry } from "./checkpoint.ts";
import { openJudge } from "./open_judge.ts";
import { pendingAt, sendsWords } from "./sends_state.ts";

/** A ledger with some of everything and a checkpoint of its last row. */
function withCheckpoint(run: (directory: string, path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    makeWorld(directory);
    catchUp(directory, new ManualClock());
    run(directory, `${directory}/${CHECKPOINT_FILE}`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function restored(path: string): Judge {
  const judge = new Judge(NO_LIMITS, { ended: () => undefined }, idSpaceOf(7));
  restoreRegistry(path, judge, () => {});
  return judge;
}

/** All that a judge knows, but for the order in which a user's packets came. */
function knowledgeOf(judge: Judge): unknown {
  const { packets, mints, givenBack, sends } = judge;
  const columns = [...packets.chunks].map(([number, { lasting }]) => [number, lasting.toHex()]);
  const ofUser = [...judge.latest].map(([user, latest]) => {
    const own: number[] = [];
    for (let id = latest; id !== 0; id = packets.previous(id)) own.push(id);
    return [user, ...own.sort((a, b) => a - b)];
  });
  return {
    ...{ columns, mints: [...mints.all()], givenBack, orders: orderStates(judge), ofUser: ofUser.sort() },
    ...{ balances: judge.balances(), awards: judge.awards, unopened: judge.unopened },
    sponsors: judge.sponsors.map((
      sponsor,
    ) => [sponsor, judge.poolFenOf(sponsor), judge.givenBackBelow(sponsor)]),
    sends: sendsWords(sends).toString(),
    totals: sends.totals,
    groups: [...sends.groups.all()],
    kept: [...sends.kept].map((packet) => packet.words().toString()),
    pending: [...sends.pending.all()],
    fundedTo: [...sends.fundedTo],
  };
}

Deno.test("a checkpoint knows of packets, users, pools, orders and sends what all rows together say", () => {
  withCheckpoint((directory, path) => {
    const truth = new TruthReader(directory);
    const { judge, rowsRead } = openJudge(truth, undefined, NO_LIMITS);
    assert.equal(rowsRead, truth.lastSeq());
    assert.deepEqual(knowledgeOf(restored(path)), knowledgeOf(judge));
    // And again, when a judge out of a checkpoint goes on.
    const { judge: opened, rowsRead: none, checkpointSeq } = openJudge(truth, directory, NO_LIMITS);
    assert.deepEqual([none, checkpointSeq], [0, truth.lastSeq()]);
    assert.deepEqual(knowledgeOf(opened), knowledgeOf(judge));
    truth.close();
    const { sends } = judge;
    const words = sendsWords(sends);
    const at = pendingAt(sends, words);
    const pending = [...sends.pending.all()];
    assert.deepEqual(
      [...words.subarray(at)],
      [pending.length, ...pending.flatMap(([user, share]) => [user, share.packetId, share.amountFen])],
    );
    assert.ok(pending.length > 0);
  });
});

Deno.test("a checkpoint that was cut off anywhere, or changed in any part, is not believed", () => {
  withCheckpoint((_directory, path) => {
    const whole = Deno.readFileSync(path);
    const isBroken = (what: string) => assert.throws(() => restored(path), CheckpointBroken, what);
    /** Byte by byte, since the file is long. */
    const flipped = (at: number, bits: number) => {
      using file = Deno.openSync(path, { write: true });
      for (const byte of [whole[at] ^ bits, whole[at]]) {
        file.seekSync(at, Deno.SeekMode.Start);
        file.writeSync(Uint8Array.of(byte));
        if (byte !== whole[at]) isBroken(`byte ${at}`);
      }
    };
    const reader = CheckpointReader.open(path)!;
    const { carried, sends } = reader.readState();
    const chunksAt = 28 + 4 * (1 + carried.length + sends.length) + 1_000;
    reader.close();
    // How long the parts are, in their highest bits, is more than a test has memory for.
    for (let at = 0; at < 28; at++) if (![14, 15, 22, 23].includes(at)) flipped(at, 1 << (at % 8));
    for (let at = 28; at < chunksAt; at += Math.ceil(chunksAt / 60)) flipped(at, 1);
    const broken = (bytes: Uint8Array) => {
      Deno.writeFileSync(path, bytes);
      isBroken(`${bytes.length} bytes`);
    };
    for (const length of [0, 1, 11, 12, 27, 28, 100, whole.length - 8, whole.length - 1]) {
      broken(whole.subarray(0, length));
    }
    Deno.writeFileSync(path, new Uint8Array([...whole, 0]));
    assert.throws(() => restored(path), /its end is damaged/);
    Deno.writeFileSync(path, whole);
    restored(path);
  });
});

Deno.test("chunks of a checkpoint that are gone, doubled, or under another number aren't taken for fewer or other awards", () => {
  withCheckpoint((directory, path) => {
    const whole = Deno.readFileSync(path);
    const chunks = chunksOf(whole);
    assert.ok(chunks.length > 0);
    const [first] = chunks;
    const end = whole.length - 8;
    const renumbered = whole.slice();
    const harms: Record<string, Uint8Array> = {
      "without its last chunk and its end": whole.subarray(0, chunks.at(-1)!),
      "without its first chunk": new Uint8Array([
        ...whole.subarray(0, first),
        ...whole.subarray(chunks[1] ?? end),
      ]),
      "without its end": whole.subarray(0, end),
      "with a chunk twice": new Uint8Array([...whole.subarray(0, end), ...whole.subarray(first)]),
    };
    for (const number of [1, 2, 0xffff, 0x1_0000, 0xffff_fffe]) {
      new DataView(renumbered.buffer).setUint32(first, number, true);
      harms[`with a chunk of number ${number}`] = renumbered.slice();
    }
    for (const [harm, bytes] of Object.entries(harms)) {
      Deno.writeFileSync(path, bytes);
      const truth = new TruthReader(directory);
      const { judge, checkpointFault, rowsRead } = openJudge(truth, directory, NO_LIMITS);
      assert.ok(checkpointFault !== undefined, `a checkpoint ${harm} is believed`);
      assert.deepEqual([rowsRead, judge.awards], [truth.lastSeq(), awardsOf(truth)], harm);
      truth.close();
    }
  });
});

/** Offsets of a checkpoint's chunks. */
function chunksOf(bytes: Uint8Array<ArrayBuffer>): number[] {
  const [, , chunkBytes, textBytes, , stateBytes] = new Uint32Array(bytes.buffer, 0, 7);
  const found: number[] = [];
  for (let at = 28 + textBytes + stateBytes; at < bytes.length - 8; at += 8 + chunkBytes) found.push(at);
  return found;
}

function awardsOf(truth: TruthReader): number {
  return truth.db.prepare("select count(*) as n from entry where kind = 2").get()!.n as number;
}

Deno.test("why a checkpoint isn't believed is told, and of one of the version before its row is known", () => {
  withCheckpoint((_directory, path) => {
    const whole = Deno.readFileSync(path);
    const told = (word: number, value: number) => {
      const bytes = whole.slice();
      new Uint32Array(bytes.buffer, 0, 7)[word] = value;
      Deno.writeFileSync(path, bytes);
      try {
        CheckpointReader.open(path)!.close();
      } catch (error) {
        assert.ok(error instanceof CheckpointBroken, String(error));
        return error.message;
      }
      return "believed";
    };
    assert.equal(told(0, 7), "it is none");
    assert.equal(told(1, 6), "its format is 6, and this redpkt writes 5");
    assert.equal(told(1, 2), "its format is 2, and this redpkt writes 5");
    const seq = CheckpointReader.headOf(path)?.seq;
    assert.ok(seq !== undefined && seq > 0);
    assert.match(told(1, 1), /its format is 1/);
    assert.throws(() => CheckpointReader.headOf(path), CheckpointBroken);
    assert.match(told(2, 1), /its format is 5/);
    assert.equal(told(4, 0), "its head is damaged");
    assert.equal(told(1, 5), "believed");
    assert.equal(CheckpointReader.headOf(path)!.seq, seq);
    Deno.removeSync(path);
    assert.equal(CheckpointReader.open(path), undefined);
    assert.equal(CheckpointReader.headOf(path), undefined);
    assert.equal(restoreRegistry(path, new Judge(), () => {}), undefined);
  });
});

Deno.test("a checkpoint is gone on from: nothing is set aside, and the next one says what all rows say", () => {
  withCheckpoint((directory, path) => {
    const names = () => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
    const before = names();
    for (let times = 0; times < 3; times++) {
      growWorld(directory, 10 + 4 * times, 1);
      catchUp(directory, new ManualClock());
      assert.deepEqual(names(), before);
      const truth = new TruthReader(directory);
      const { judge } = openJudge(truth, undefined, NO_LIMITS);
      assert.deepEqual(knowledgeOf(restored(path)), knowledgeOf(judge));
      truth.close();
    }
    // One of another ledger is of no use, and is kept.
    Deno.copyFileSync(path, `${directory}/kept`);
    withCheckpoint((other, otherPath) => {
      Deno.copyFileSync(`${directory}/kept`, otherPath);
      catchUp(other, new ManualClock());
      const aside = [...Deno.readDirSync(other)].filter(({ name }) => name.startsWith("checkpoint.aside"));
      assert.equal(aside.length, 1);
      assert.deepEqual(
        Deno.readFileSync(`${other}/${aside[0].name}`),
        Deno.readFileSync(`${directory}/kept`),
      );
    });
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    assert.throws(
      () => catchUp(directory, new ManualClock()),
      (error) => !(error instanceof CheckpointBroken),
      "a place that can't be read is no damaged checkpoint",
    );
  });
});

Deno.test("a new checkpoint takes the old one's place only when it is whole and durable", () => {
  withCheckpoint((directory, path) => {
    const whole = Deno.readFileSync(path);
    Deno.removeSync(path);
    Deno.writeTextFileSync(`${path}.new`, "left by somebody who died ".repeat(50_000));
    const { syncSync } = Deno.FsFile.prototype;
    const { renameSync } = Deno;
    const events: string[] = [];
    Deno.FsFile.prototype.syncSync = function () {
      if (this.statSync().isFile) events.push(`sync ${this.statSync().size}`);
      syncSync.call(this);
    };
    Deno.renameSync = (from, to) => {
      events.push(`name ${Deno.statSync(from).size}`);
      renameSync(from, to);
    };
    try {
      catchUp(directory, new ManualClock());
    } finally {
      Deno.FsFile.prototype.syncSync = syncSync;
      Deno.renameSync = renameSync;
    }
    assert.deepEqual(Deno.readFileSync(path), whole);
    assert.deepEqual(events, [`sync ${whole.length}`, `name ${whole.length}`]);
  });
});
