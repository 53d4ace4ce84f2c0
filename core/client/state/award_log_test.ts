import assert from "node:assert/strict";
import { Mailbox, mailboxBytes } from "../../threads/mailbox.ts";
import { AwardKind, awardLines, AwardLog } from "./award_log.ts";

function drained(mailbox: Mailbox): string {
  let lines = "";
  mailbox.drain((_kind, _set, _plugin, words, at, count) => lines += awardLines(words, at, count));
  return lines;
}

Deno.test("awards become lines, with the full range of every field", () => {
  const mailbox = new Mailbox(new SharedArrayBuffer(mailboxBytes(8192)));
  const log = new AwardLog(mailbox);
  log.add(7, 1, 100, AwardKind.shake, 1_700_000_000_123);
  log.add(0xffff_ffff, 0xffff_fffe, 0xffff_fffd, AwardKind.claim, 4_294_967_295_999);
  log.flush();
  assert.equal(
    drained(mailbox),
    "7,1,100,shake,1700000000123\n4294967295,4294967294,4294967293,claim,4294967295999\n",
  );
});

Deno.test("what the mailbox can't take waits, in order and bounded", () => {
  const mailbox = new Mailbox(new SharedArrayBuffer(mailboxBytes(8192)));
  const log = new AwardLog(mailbox, 3000);
  let added = 0;
  let lines = "";
  for (let round = 0; round < 4; round++) {
    while (log.add(added, added + 1, 5, AwardKind.shake, 1)) added++;
    assert.equal(log.waiting, 3000);
    log.flush();
    assert.ok(log.waiting > 0 && log.waiting < 3000, "the mailbox takes some, not all");
    lines += drained(mailbox);
  }
  while (log.waiting > 0) {
    log.flush();
    lines += drained(mailbox);
  }
  const users = lines.trimEnd().split("\n").map((line) => Number(line.split(",")[0]));
  assert.deepEqual(users, Array.from({ length: added }, (_, i) => i));
});
