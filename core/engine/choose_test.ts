import { deepEqual, equal, throws } from "node:assert/strict";
import { UserError } from "../base/user_error.ts";
import { chooseEngine, connectionLimit, defaultConnections, type EngineChoice } from "./choose.ts";

/** @param whys why `uring` and `epoll` can't run, or null */
function choose(wanted: EngineChoice, ...whys: (string | null)[]) {
  const logged: unknown[] = [];
  const candidates = (["uring", "epoll", "deno"] as const).map((name, i) => ({
    name,
    whyNot: () => whys[i] ?? null,
  }));
  const engine = chooseEngine(
    wanted,
    (level, event, fields) => logged.push([level, event, fields]),
    candidates,
  );
  return { engine, logged };
}

Deno.test("chooseEngine: auto takes the best that works and says why it is no better one", () => {
  deepEqual(choose("auto", null, null), {
    engine: "uring",
    logged: [["info", "engine", { engine: "uring" }]],
  });
  deepEqual(choose("auto", "EPERM"), {
    engine: "epoll",
    logged: [["warn", "engine", { engine: "epoll", reason: "uring can't run here: EPERM" }]],
  });
  deepEqual(choose("auto", "no FFI", "no FFI"), {
    engine: "deno",
    logged: [["warn", "engine", {
      engine: "deno",
      reason: "uring can't run here: no FFI; epoll can't run here: no FFI",
    }]],
  });
});

Deno.test("chooseEngine: one that is asked for by name runs or is refused with the reason", () => {
  equal(choose("epoll", "EPERM").engine, "epoll");
  equal(choose("deno", "no FFI", "no FFI").engine, "deno");
  throws(
    () => choose("uring", "ENOSYS"),
    (error) => error instanceof UserError && /--engine uring can't run here: ENOSYS/.test(error.message),
  );
});

Deno.test("connectionLimit: only uring's connections need no descriptor", () => {
  equal(connectionLimit("epoll"), connectionLimit("deno"));
  equal(defaultConnections("epoll"), connectionLimit("epoll"));
  equal(defaultConnections("uring") <= connectionLimit("uring"), true);
});
