import { deepEqual } from "node:assert/strict";
import { z } from "zod";
import { speakPlainly } from "./plain_words.ts";

Deno.test("what a schema refuses is said in plain words", () => {
  speakPlainly();
  const schema = z.strictObject({
    name: z.string().min(1),
    rate: z.int().min(1).max(10),
    list: z.array(z.number()).max(1),
    mode: z.enum(["fast", "slow"]),
    gone: z.string(),
    isOn: z.boolean(),
    above: z.number().positive(),
  });
  const result = schema.safeParse({
    name: "",
    rate: 11,
    list: [1, 2],
    mode: "x",
    isOn: 1,
    above: 0,
    more: 1,
  });
  deepEqual(result.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`), [
    "name: must have at least 1 characters",
    "rate: must be at most 10",
    "list: must have at most 1 entries",
    "mode: must be one of fast, slow",
    "gone: is missing",
    "isOn: must be true or false",
    "above: must be more than 0",
    ': Unrecognized key: "more"',
  ]);
});
