import assert from "node:assert/strict";
import { parseTarget, parseTargetFile } from "./target_list.ts";

function urls(text: string): string[] {
  const list = parseTarget(text);
  return "targets" in list ? list.targets.map(({ url }) => url) : [];
}

Deno.test("a target is an address with a port, with or without a scheme", () => {
  assert.deepEqual(urls("127.0.0.1:8989"), ["http://127.0.0.1:8989"]);
  assert.deepEqual(urls("https://host-1.example:443/"), ["https://host-1.example:443"]);
  assert.deepEqual(urls("[::1]:8989"), ["http://[::1]:8989"]);
});

Deno.test("a range of addresses and of ports holds both ends", () => {
  assert.deepEqual(urls("10.0.0.254-10.0.1.1:80").length, 4);
  assert.deepEqual(urls("127.0.0.1-127.0.0.2:9000-9001"), [
    "http://127.0.0.1:9000",
    "http://127.0.0.1:9001",
    "http://127.0.0.2:9000",
    "http://127.0.0.2:9001",
  ]);
});

Deno.test("what is no target says how one is written", () => {
  for (
    const text of ["", "host", "127.0.0.1", "a b:80", "127.0.0.1:70000", "127.0.0.1:9-8", "h:0", "ftp://h:1"]
  ) {
    const list = parseTarget(text);
    assert.ok("problem" in list && list.problem.startsWith(`${text}: `), text);
  }
  assert.match((parseTarget("10.0.0.1-10.0.9.1:1-9") as { problem: string }).problem, /at most 4096/);
});

Deno.test("a file of targets has names and comments, and one wrong line loses no other", () => {
  const { targets, problems } = parseTargetFile(
    "# hosts\n127.0.0.1:1 access 1\n\nnonsense\n127.0.0.1:2-3 # two\n127.0.0.1:1 again\n",
  );
  assert.deepEqual(targets.map(({ name }) => name), ["again", "127.0.0.1:2", "127.0.0.1:3"]);
  assert.equal(problems.length, 1);
  assert.match(problems[0], /^line 4: nonsense: /);
});
