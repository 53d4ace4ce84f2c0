import assert from "node:assert/strict";
import { TestKeys } from "../testing.ts";
import { Journal } from "./journal.ts";

const entry = (action: string) => ({
  at: "2027-02-06T12:30:00.000Z",
  who: "anna",
  action,
  version: "1.1",
  hash: "00",
  result: "3 of 3 hosts have it after 60 ms",
});

Deno.test("a journal says who did what, by several keys, and proves every line", () => {
  using keys = new TestKeys();
  const path = `${keys.folder()}/journal.jsonl`;
  const journal = new Journal(path);
  journal.add(entry("init"), keys.director);
  journal.add(entry("hold"), keys.second);
  const { lines, problems } = new Journal(path).read(keys.trusted);
  assert.deepEqual(problems, []);
  assert.deepEqual(lines.map(({ line, action, key }) => [line, action, key]), [
    [1, "init", keys.director.id],
    [2, "hold", keys.second.id],
  ]);
});

Deno.test("a line that was changed, left out, put in, or written by a stranger is found", () => {
  using keys = new TestKeys();
  using strangers = new TestKeys();
  const path = `${keys.folder()}/journal.jsonl`;
  const journal = new Journal(path);
  for (const action of ["init", "hold", "go", "level 2"]) journal.add(entry(action), keys.director);
  const whole = Deno.readTextFileSync(path);
  const lines = whole.trimEnd().split("\n");
  const tampered: Record<string, string> = {
    changed: whole.replace('"hold"', '"shift +40s"'),
    "left out": [lines[0], lines[2], lines[3]].join("\n"),
    doubled: [lines[0], lines[0], ...lines.slice(1)].join("\n"),
    turned: [lines[0], lines[2], lines[1], lines[3]].join("\n"),
    "no line": whole.replace(lines[1], "{}"),
  };
  for (const [what, text] of Object.entries(tampered)) {
    Deno.writeTextFileSync(path, `${text}\n`);
    assert.notDeepEqual(journal.read(keys.trusted).problems, [], what);
  }
  Deno.writeTextFileSync(path, whole);
  journal.add(entry("cut"), strangers.director);
  assert.match(journal.read(keys.trusted).problems.join(), /:5: signed by .* not trusted/);
});
