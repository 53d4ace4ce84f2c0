import assert from "node:assert/strict";
import { actionText, MARKED_BY_HEADER, WHO_HEADER, whoOf } from "./action.ts";

Deno.test("an action is told in words, with who it was, and nothing in it steers a terminal", () => {
  const steering = "\u001b[2Jann\n\u0007";
  const headers: Record<string, string> = {
    [WHO_HEADER]: encodeURIComponent(`小明${steering}`),
    [MARKED_BY_HEADER]: "m",
  };
  assert.deepEqual(whoOf((name) => headers[name]), { who: "小明[2Jann", markedBy: "m" });
  assert.equal(actionText("/waves/move", { wave: steering, inS: 0 }), "waves/move wave [2Jann, inS 0");
  assert.equal(actionText("/stop", undefined), "stop");
});
