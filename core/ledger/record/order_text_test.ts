import assert from "node:assert/strict";
import {
  canonicalJson,
  MOST_ORDER_BYTES,
  orderIdentity,
  type OrderText,
  orderWords,
  readOrder,
} from "./order_text.ts";

const ORDER: OrderText = {
  ...{
    plugin: "shake",
    route: "POST /packets",
    key: "a",
    body: { b: 1, a: [2, { d: 3, c: null }] },
    fixed: 7,
  },
  ...{ packets: 5, atMs: 1 },
};

Deno.test("an order is read as it was written, and the same order is the same text however it was put", () => {
  for (const funds of [undefined, { first: 0, last: 9, amountFen: 5 }]) {
    const order = funds === undefined ? ORDER : { ...ORDER, funds };
    const { words, bytes } = orderWords(order);
    const read = readOrder(words, bytes)!;
    assert.deepEqual([read.text, read.json], [order, canonicalJson(order)]);
    const turned = Object.fromEntries(Object.entries(order).reverse());
    assert.equal(canonicalJson({ ...turned, body: { a: [2, { c: null, d: 3 }], b: 1 } }), read.json);
    // Not at the start of its memory, as a row's body may lie.
    const longer = new Uint32Array(words.length + 3);
    longer.set(words, 2);
    assert.deepEqual(readOrder(longer.subarray(2), bytes), read);
  }
});

Deno.test("whatever is no order isn't read as one: each part, and how long it may be", () => {
  const read = (change: Record<string, unknown>) => {
    const { words, bytes } = orderWords({ ...ORDER, ...change } as unknown as OrderText);
    return readOrder(words, bytes);
  };
  assert.ok(
    read({}) !== undefined && read({ key: null }) !== undefined && read({ packets: 0 }) !== undefined,
  );
  const funds = { first: 1, last: 2, amountFen: 3 };
  assert.ok(read({ funds }) !== undefined);
  const wrongs: Record<string, unknown>[] = [
    { plugin: 1 },
    { route: null },
    { key: 5 },
    { key: undefined },
    { packets: 0.5 },
    { packets: -1 },
    { packets: "5" },
    { atMs: "now" },
    ...["first", "last", "amountFen"].map((name) => ({ funds: { ...funds, [name]: 0.5 } })),
  ];
  for (const wrong of wrongs) assert.equal(read(wrong), undefined, JSON.stringify(wrong));
  const { words, bytes } = orderWords(ORDER);
  for (const wrong of [0, -4, bytes - 1, words.byteLength + 1]) {
    assert.equal(readOrder(words, wrong), undefined);
  }
  const filler = (size: number) => orderWords({ ...ORDER, fixed: "x".repeat(size) });
  const fits = MOST_ORDER_BYTES - filler(0).bytes;
  for (const [size, isOrder] of [[fits, true], [fits + 1, false]] as const) {
    const long = filler(size);
    assert.equal(readOrder(long.words, long.bytes) !== undefined, isOrder, `${long.bytes} bytes`);
  }
});

Deno.test("what the same order has in common is plugin, route and key, and nothing runs into another", () => {
  const identities = [["a", "b", "c"], ["a", "bc", ""], ["ab", "", "c"], ["a", "b", null], [
    "a",
    "b",
    "null",
  ]];
  const texts = identities.map(([plugin, route, key]) =>
    orderIdentity({ plugin: plugin!, route: route!, key })
  );
  assert.equal(new Set(texts).size, identities.length);
  assert.equal(orderIdentity(ORDER), orderIdentity({ ...ORDER, packets: 6 } as OrderText));
});
