import assert from "node:assert/strict";
import { buildApi } from "./api.ts";

Deno.test("a request's signal is left alone: Deno writes of it into the log of whoever asks for it", async () => {
  const api = buildApi({
    title: "t",
    version: "1",
    routes: [{ method: "get", path: "/a", summary: "", handle: () => ({ a: 1 }) }],
  });
  const request = new Request("http://127.0.0.1/a");
  Object.defineProperty(request, "signal", { get: () => assert.fail("asked for the signal") });
  assert.deepEqual(await (await api.fetch(request)).json(), { a: 1 });
});
