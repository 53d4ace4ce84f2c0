/** Fleet files that don't tell everything must not look as if they did. */
import assert from "node:assert/strict";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { AWARDS_HEADER, awardsText, usersLine } from "../client/state/awards_format.ts";
import type { UserSlice } from "../base/segment.ts";
import { readFleetFile } from "./fleet_file.ts";
import { reconcile, type ReconcileOptions, type ReconcileResult } from "./reconcile.ts";
import { reconcileReport } from "./reconcile_command.ts";

const AWARDS = 60;
const USERS = 20;
const EVERYBODY: UserSlice = { first: 0, stride: 1, count: 1_000 };

class Files {
  readonly folder = Deno.makeTempDirSync();
  readonly lines: string[] = [];

  constructor() {
    fillLedger(`${this.folder}/ledger`, {
      awards: AWARDS,
      users: USERS,
      isCheckpointed: false,
      onAward: (user, packetId, fen) => this.lines.push(`${user},${packetId},${fen},shake,2\n`),
    });
  }

  write(name: string, text: string): string {
    Deno.writeTextFileSync(`${this.folder}/${name}`, text);
    return `${this.folder}/${name}`;
  }

  /** A whole file of some users. */
  of(name: string, users: UserSlice, startedMs = 1, endedMs = 2): string {
    const theirs = this.lines.filter((line) => {
      const user = Number(line.split(",")[0]);
      return user >= users.first && (user - users.first) % users.stride === 0 &&
        (user - users.first) / users.stride < users.count;
    });
    return this.write(
      name,
      awardsText(users, theirs.join(""), startedMs, endedMs),
    );
  }

  reconcile(fleetFiles: readonly string[], more: Partial<ReconcileOptions> = {}): ReconcileResult {
    return reconcile({ ledgers: [`${this.folder}/ledger`], fleetFiles, ...more });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("a fleet file that was cut anywhere is no whole file", () => {
  using files = new Files();
  const text = Deno.readTextFileSync(files.of("whole.csv", EVERYBODY));
  assert.ok(files.reconcile([`${files.folder}/whole.csv`]).isClean);
  const rowsAt = AWARDS_HEADER.length + usersLine(EVERYBODY, 1).length;
  for (let at = 0; at < text.length; at += 17) {
    const path = files.write("cut.csv", text.slice(0, at));
    if (at < rowsAt) assert.throws(() => files.reconcile([path]), /missing or cut/);
    else assert.match(files.reconcile([path]).differences.join(), /has no last line/, `cut at ${at}`);
  }
  const cut = files.write("cut.csv", text.slice(0, text.length - 5));
  const known = files.reconcile([], { cutFleetFiles: [cut] });
  assert.deepEqual([known.isClean, known.seen], [true, AWARDS]);
});

Deno.test("a fleet file without rows is about its users, and says that they saw nothing", () => {
  using files = new Files();
  const nothing = files.reconcile([files.write("empty.csv", awardsText(EVERYBODY, "", 1, 2))]);
  assert.deepEqual(
    [nothing.isClean, nothing.pending],
    [true, AWARDS],
    "whoever never came back may have seen nothing",
  );
  assert.throws(() => files.reconcile([files.write("nil.csv", "")]), /missing or cut/);
  assert.throws(() => files.reconcile([files.write("header.csv", AWARDS_HEADER)]), /missing or cut/);
});

Deno.test("awards of users whom no file covers are a difference, unless that is known", () => {
  using files = new Files();
  const half = files.of("half.csv", { first: 0, stride: 2, count: USERS / 2 });
  const { isClean, uncovered, uncoveredFen, seen, differences } = files.reconcile([half]);
  assert.deepEqual([isClean, uncovered, uncoveredFen, seen], [
    false,
    AWARDS / 2,
    AWARDS / 2 * 100,
    AWARDS / 2,
  ]);
  assert.match(differences.join(), /30 awards of 3000 fen are of users whom no fleet file covers/);
  const known = files.reconcile([half], { allowsUncovered: true });
  assert.deepEqual([known.isClean, known.uncovered], [true, AWARDS / 2]);
  assert.match(reconcileReport(known), /30 of users whom no fleet file covers, 30\.00 yuan/);
  const rest = files.of("rest.csv", { first: 1, stride: 2, count: USERS / 2 });
  assert.deepEqual(files.reconcile([half, rest]).differences, []);
  assert.match(reconcileReport(files.reconcile([])), /what users saw was not compared/);
});

Deno.test("the same users twice at one time, or one file twice, is a difference", () => {
  using files = new Files();
  const whole = files.of("whole.csv", EVERYBODY);
  assert.match(files.reconcile([whole, whole]).differences.join(), /both are about user 0 at the same time/);
  const copy = files.write("copy.csv", Deno.readTextFileSync(whole));
  assert.match(files.reconcile([whole, copy]).differences.join(), /at the same time, or they are one/);
  const third = files.of("third.csv", { first: 2, stride: 3, count: 5 });
  assert.match(files.reconcile([whole, third]).differences.join(), /both are about user 2/);
  const later = files.of("later.csv", EVERYBODY, 3, 4);
  assert.deepEqual(files.reconcile([whole, later]).differences, [], "one after the other is a second run");
});

for (
  const [what, change] of [
    ["a row was taken out", (text: string) => text.replace(/\n\d+,\d+,\d+,shake,\d+\n/, "\n")],
    ["a row stands there twice", (text: string) => text.replace(/(\n\d+,\d+,\d+,shake,\d+)\n/, "$1$1\n")],
    ["a time was changed", (text: string) => text.replace(",shake,2\n", ",shake,3\n")],
    ["a sum was changed", (text: string) => text.replace(/,\d+,end/, ",7,end")],
    ["two rows changed places", (text: string) => text.replace(/\n(.*shake.*)\n(.*shake.*)\n/, "\n$2\n$1\n")],
  ] as const
) {
  Deno.test(`a fleet file is known to be edited when ${what}`, () => {
    using files = new Files();
    const text = Deno.readTextFileSync(files.of("whole.csv", EVERYBODY));
    assert.notEqual(change(text), text);
    assert.match(
      files.reconcile([files.write("edited.csv", change(text))]).differences.join(),
      /was written with/,
    );
  });
}

Deno.test("a file as a spreadsheet saves it, or with other users in it, is refused", () => {
  using files = new Files();
  const text = Deno.readTextFileSync(files.of("whole.csv", EVERYBODY));
  assert.throws(
    () => files.reconcile([files.write("crlf.csv", text.replaceAll("\n", "\r\n"))]),
    /is not the header/,
  );
  assert.throws(() => files.reconcile([files.write("bom.csv", `\ufeff${text}`)]), /is not the header/);
  const few = text.replace(usersLine(EVERYBODY, 1), usersLine({ first: 0, stride: 1, count: 3 }, 1));
  assert.throws(() => files.reconcile([files.write("few.csv", few)]), /who is none of this file's/);
  const none = text.replace(usersLine(EVERYBODY, 1), "5,0,9,users,1\n");
  assert.throws(() => files.reconcile([files.write("none.csv", none)]), /names no users/);
});

Deno.test("a file of several megabytes is read to its last byte, wherever its lines are cut", () => {
  const folder = Deno.makeTempDirSync();
  const users = { first: 0, stride: 1, count: 1 << 20 };
  for (const padding of [1, 12, 123]) {
    const expected: number[] = [];
    let lines = "";
    for (let i = 0; i < 90_000; i++) {
      lines += `${i},${i + 1},${padding},shake,1700000000${padding}\n`;
      expected.push(i);
    }
    assert.ok(lines.length > 2 << 20);
    const path = `${folder}/large.csv`;
    Deno.writeTextFileSync(path, awardsText(users, lines, 1, 2));
    const seen: number[] = [];
    const { isCut, fault, users: told, endedMs } = readFleetFile(path, ({ user, packetId, amountFen }) => {
      assert.ok(packetId === user + 1 && amountFen === padding);
      seen.push(user);
    });
    assert.deepEqual([isCut, fault, told, endedMs], [
      false,
      undefined,
      users,
      Number(`1700000000${padding}`),
    ]);
    assert.deepEqual(seen, expected);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("users and numbers of a file are taken up to their ends, and not past them", () => {
  using files = new Files();
  const read = (users: UserSlice, row = "") => {
    const path = files.write("ends.csv", awardsText(users, row, 1, 2));
    const amounts: number[] = [];
    try {
      readFleetFile(path, ({ amountFen }) => amounts.push(amountFen), () => {});
    } catch (error) {
      return (error as Error).message.replace(/.*line \d+ (.*): give.*/, "$1");
    }
    return amounts;
  };
  assert.deepEqual(read({ first: 5, stride: 0x7fff_ffff, count: 3 }), "names no users");
  assert.deepEqual(read({ first: 1, stride: 0x7fff_ffff, count: 3 }), []);
  assert.deepEqual(read({ first: 0xffff_ffff, stride: 1, count: 1 }), []);
  assert.deepEqual(read({ first: 0xffff_ffff, stride: 1, count: 2 }), "names no users");
  assert.deepEqual(read({ first: 1, stride: 0, count: 1 }), "names no users");
  const most = Number.MAX_SAFE_INTEGER;
  const row = (user: number, packetId: number, amountFen: number | string) =>
    read(EVERYBODY, `${user},${packetId},${amountFen},shake,1\n`);
  assert.deepEqual(row(1, 0xffff_ffff, most), [most]);
  assert.equal(row(1, 0x1_0000_0000, 1), "holds an id of more than 32 bits");
  assert.equal(row(1, 1, `${most}0`), "holds a number that is too large");
  assert.equal(row(1, 1, "9007199254740993"), "holds a number that is too large");
  assert.equal(row(1_000, 1, 1), "tells of user 1000, who is none of this file's");
  assert.deepEqual(row(999, 1, 1), [1]);
  assert.equal(row(1, 1, "1x"), "holds a field that is no number");
});
