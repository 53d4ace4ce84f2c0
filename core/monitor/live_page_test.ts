import assert from "node:assert/strict";
import { askTarget } from "../admin/bearer.ts";

Deno.test("a target that sends on elsewhere doesn't choose who hears an order", async () => {
  const heard: string[] = [];
  const quiet = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using other = Deno.serve(quiet, ({ method, url }) => {
    heard.push(`${method} ${new URL(url).pathname}`);
    return Response.json({});
  });
  const location = `http://127.0.0.1:${other.addr.port}/drain`;
  await using target = Deno.serve(quiet, () => new Response(null, { status: 307, headers: { location } }));
  const order = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  await assert.rejects(askTarget(`http://127.0.0.1:${target.addr.port}/rate`, order));
  assert.deepEqual(heard, []);
});
