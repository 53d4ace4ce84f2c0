import assert from "node:assert/strict";
import plugin from "./plugin.ts";
import { roomOf, ROOMS } from "./rooms.ts";

/** Files of the product that one room may hold: more, and a stranger doesn't find their way. */
const MAX_FILES = 15;

function ids(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id }) => id);
}

/** The product's files, tests and what only tests use left out. */
function productFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`../../${folder}`, import.meta.url))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return productFiles(path);
    return /\.tsx?$/.test(path) && !/_test\.tsx?$|\/testing\.ts$/.test(path) ? [path] : [];
  });
}

Deno.test("a room imports what the table says, and nothing else", () => {
  assert.deepEqual(ids("core/engine/uring/x.ts", `import { a } from "../common/slots.ts";`), []);
  assert.deepEqual(ids("core/engine/common/x.ts", `import { a } from "../uring/uring.ts";`), [
    "redpkt/rooms",
  ]);
  assert.deepEqual(ids("core/base/x.ts", `export * from "../os/posix.ts";`), ["redpkt/rooms"]);
  assert.deepEqual(ids("core/base/x.ts", `await import("../os/posix.ts");`), ["redpkt/rooms"]);
  assert.deepEqual(ids("core/no_such_room/x.ts", `import { a } from "../base/assert.ts";`), ["redpkt/rooms"]);
  assert.deepEqual(ids("plugins/shake/set/x.ts", `import { a } from "../host/orders.ts";`), ["redpkt/rooms"]);
  assert.deepEqual(ids("plugins/shake/set/x.ts", `import { a } from "../common/messages.ts";`), []);
  assert.deepEqual(ids("core/base/x_test.ts", `import { a } from "../os/posix.ts";`), []);
});

Deno.test("no two rooms import each other: each imports rooms above its line only", () => {
  const above = new Set<string>();
  for (const [room, mayImport] of ROOMS) {
    const rooms = mayImport.split(" ").filter((name) => name !== "");
    for (const name of rooms) assert.ok(above.has(name), `${room} imports ${name}, which isn't above it`);
    assert.ok(!above.has(room), `${room} stands once`);
    above.add(room);
  }
});

Deno.test("every room is in the table, and no room holds too much", () => {
  const counts = new Map<string, number>();
  for (const path of [...productFiles("core"), ...productFiles("plugins")]) {
    const room = roomOf(path);
    if (room !== undefined) counts.set(room, (counts.get(room) ?? 0) + 1); // the list of plugins is in none
  }
  assert.deepEqual([...counts.keys()].sort(), ROOMS.map(([room]) => room).sort());
  for (const [room, count] of counts) assert.ok(count <= MAX_FILES, `${room} holds ${count} files`);
});
