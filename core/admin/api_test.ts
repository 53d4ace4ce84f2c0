import assert from "node:assert/strict";
import { z } from "zod";
import { RouteError } from "../plugin/plugin.ts";
import { buildApi } from "./api.ts";

const faults: string[] = [];
const api = (wantsToken: boolean) =>
  buildApi({
    title: "t",
    version: "1",
    wantsToken,
    onFault: (error) => faults.push(error.message),
    routes: [
      { method: "get", path: "/a", summary: "", handle: () => ({ a: 1 }) },
      {
        method: "post",
        path: "/list",
        summary: "",
        body: z.strictObject({ list: z.array(z.int()) }),
        handle: () => {
          throw new RouteError(409, "not now: try later");
        },
      },
      {
        method: "post",
        path: "/fault",
        summary: "",
        handle: () => {
          throw new Error("ours");
        },
      },
    ],
  });

async function ask(method: string, path: string, body?: string): Promise<[number, string[]]> {
  const response = await api(false).fetch(
    new Request(`http://redpkt${path}`, { method, ...(body ? { body } : {}) }),
  );
  return [response.status, (await response.json()).errors];
}

Deno.test("every error is JSON of one form, whoever says it", async () => {
  assert.deepEqual(await ask("GET", "/b"), [404, ["no route GET /b: see /openapi.json"]]);
  assert.deepEqual(await ask("GET", "/list"), [405, ["/list takes POST only"]]);
  assert.deepEqual(await ask("POST", "/list", '{"list":[1]}'), [409, ["not now: try later"]]);
  assert.deepEqual((await ask("POST", "/list", "{"))[0], 400);
  assert.deepEqual(await ask("POST", "/fault"), [500, ["a fault of this program: its log says which"]]);
  assert.deepEqual(faults, ["ours"], "told to the log, and not to whoever asks");
});

Deno.test("of a body with very many mistakes a hundred are told", async () => {
  const [status, errors] = await ask("POST", "/list", JSON.stringify({ list: Array(1_000).fill("x") }));
  assert.deepEqual([status, errors.length], [400, 100]);
});

Deno.test("the description tells of the guard, and of the token where one is wanted", async () => {
  for (const wantsToken of [false, true]) {
    const response = await api(wantsToken).fetch(new Request("http://redpkt/openapi.json"));
    const { paths, components, security } = await response.json();
    const { responses } = paths["/list"].post;
    for (const status of ["200", "400", "403", "405", "408", "413", "415", "431", "500", "503"]) {
      assert.ok(status in responses, status);
    }
    assert.equal("401" in responses, wantsToken);
    assert.deepEqual(security, wantsToken ? [{ token: [] }] : undefined);
    assert.deepEqual(components.responses["413"].content["application/json"].schema, {
      $ref: "#/components/schemas/Problem",
    });
  }
});
