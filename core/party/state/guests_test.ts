import assert from "node:assert/strict";
import { parseGuestList } from "./guest_list.ts";
import { cleanName } from "./guest_name.ts";
import { type Guest, Guests, type GuestsOptions } from "./guests.ts";

const NOW_MS = 1_700_000_000_000;

/** Runs a test with a folder for what guests are kept in. */
function bench(options: Partial<GuestsOptions>, test: (open: () => Guests, path: string) => void): void {
  const folder = Deno.makeTempDirSync();
  const opened: Guests[] = [];
  const path = `${folder}/guests.jsonl`;
  try {
    test(() => {
      opened.pop()?.close();
      const guests = new Guests({ path, code: "ABC234", most: 4, ...options });
      opened.push(guests);
      return guests;
    }, path);
  } finally {
    opened.pop()?.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

const user = (guest: Guest | string) => typeof guest === "string" ? guest : guest.user;
const name = (guest: Guest | string) => typeof guest === "string" ? guest : guest.name;

Deno.test("with the code everybody is another guest, a name is only once, and there is an end", () =>
  bench({}, (open) => {
    const guests = open();
    assert.equal(guests.join("Ann", "ABD234", NOW_MS), "wrongCode");
    assert.equal(guests.join(" \u200b ", "ABC234", NOW_MS), "wrongName");
    const joined = ["Ann", "a\u200dnn ", "小波", "ＡＮＮ"].map((given) =>
      guests.join(given, " abc-234", NOW_MS)
    );
    assert.deepEqual(joined.map(name), ["Ann", "a\u200dnn 2", "小波", "ＡＮＮ 3"]);
    assert.deepEqual(joined.map(user), [1, 2, 3, 4]);
    assert.equal(guests.join("Eve", "ABC234", NOW_MS), "full");
  }));

Deno.test("a guest of the list is one user on every device: with their own code as often as they like", () => {
  const list = [{ name: "Ann" }, { name: "Bo", code: "BOBO77" }];
  bench({ list }, (open) => {
    const guests = open();
    assert.equal(guests.join("Eve", "ABC234", NOW_MS), "notListed");
    assert.equal(user(guests.join("ANN", "ABC234", NOW_MS)), 1);
    assert.equal(guests.join("Ann", "ABC234", NOW_MS), "taken");
    assert.equal(guests.join("Bo", "ABC234", NOW_MS), "wrongCode", "a name that has a code needs it");
    assert.deepEqual([1, 2].map(() => user(guests.join("anybody", "bobo-77", NOW_MS))), [2, 2]);
    assert.equal(guests.guest(2)!.devices, 2);
    assert.equal(guests.guest(2)!.name, "Bo");
    assert.ok(guests.release(1, NOW_MS));
    assert.equal(user(guests.join("Ann", "ABC234", NOW_MS)), 1, "the same user on another phone");
    assert.equal(guests.join("Ann", "ABC234", NOW_MS), "taken", "once");
    assert.ok(!guests.release(7, NOW_MS));
  });
});

Deno.test("after a restart everybody is who they were, also after a crash in the middle of a line", () => {
  bench({}, (open, path) => {
    let guests = open();
    guests.join("Ann", "ABC234", NOW_MS);
    guests.join("Bo", "ABC234", NOW_MS);
    Deno.writeTextFileSync(path, '{"user":3,"na', { append: true });
    guests = open();
    assert.deepEqual([...guests.all].map(({ user, name }) => [user, name]), [[1, "Ann"], [2, "Bo"]]);
    assert.equal(user(guests.join("Cy", "ABC234", NOW_MS)), 3);
    guests = open();
    assert.equal(guests.guest(3)!.name, "Cy", "the half line is gone, and spoils no later one");
    Deno.writeTextFileSync(path, "nonsense\n", { append: true });
    assert.throws(open, /guests\.jsonl:4: can't be read/);
  });
  bench({ list: [{ name: "Ann" }] }, (open) => {
    open().join("Ann", "ABC234", NOW_MS);
    assert.equal(open().join("Ann", "ABC234", NOW_MS), "taken");
    open().release(1, NOW_MS);
    assert.equal(user(open().join("Ann", "ABC234", NOW_MS)), 1, "a release lasts until it is used");
    assert.equal(open().join("Ann", "ABC234", NOW_MS), "taken");
  });
});

Deno.test("names are text without what hides, turns round or piles up", () => {
  assert.equal(cleanName("  Ann\t\nLee "), "Ann Lee");
  assert.equal(cleanName("a\u202egnp.exe\u0000"), "agnp.exe");
  assert.equal(cleanName("Z\u0351\u0351\u0351\u0351\u0351\u0351"), "Z\u0351\u0351\u0351");
  assert.equal(cleanName("<script>alert(1)</script>"), undefined, "25 letters are too long");
  assert.equal(cleanName("<b>Bo</b>"), "<b>Bo</b>", "text stays text");
  assert.equal(cleanName("\u200d👨‍👩‍👧\u200d"), "👨‍👩‍👧", "what joins stays, where it joins");
  for (const none of ["", "   ", "\u3164", "...", "\u200f", "x".repeat(25), "x".repeat(1_000)]) {
    assert.equal(cleanName(none), undefined, JSON.stringify(none));
  }
});

Deno.test("a list is read as spreadsheets write it, and every bad line is told", () => {
  assert.deepEqual(
    parseGuestList('\ufeffname,code\r\nAnn,ab-12\r\n"Lee, ""Bo""",\r\n\r\n小波\r\n', "g.csv"),
    [
      { name: "Ann", code: "AB12" },
      { name: 'Lee, "Bo"' },
      { name: "小波" },
    ],
  );
  assert.throws(
    () => parseGuestList("Ann,AB12\nann\nBo,AB12\nCy,x\nD,E123,F\n\u200b,ABCD\n", "g.csv"),
    (error: Error) => {
      assert.deepEqual(error.message.split("\n"), [
        "g.csv:2: ann is on the list already",
        "g.csv:3: code AB12 is another guest's already",
        "g.csv:4: a code has 4 to 16 letters and digits",
        "g.csv:5: has 3 fields. Write NAME or NAME,CODE",
        'g.csv:6: "\u200b" can\'t be a name',
      ]);
      return true;
    },
  );
  assert.throws(() => parseGuestList("name\n\n", "g.csv"), /names nobody/);
});
