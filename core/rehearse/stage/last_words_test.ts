import assert from "node:assert/strict";
import { endText, LastWords } from "./last_words.ts";

const WARNING = { event: "engine", level: "warn", reason: "io_uring isn't allowed" };

function words(raw: readonly string[], log: readonly Record<string, unknown>[] = [WARNING]): string {
  const said = new LastWords();
  for (const line of log) said.log({ event: "", level: "info", ...line });
  for (const line of raw) said.raw(line);
  return said.reason();
}

Deno.test("the reason of an end is the error, not the warning that came first", () => {
  const error = { event: "ledger failed", level: "error", time: "t", process: "server", code: 28 };
  assert.equal(words([], [WARNING, error, { event: "stopped", level: "info" }]), "ledger failed, code 28");
  assert.equal(words([]), "it gave no reason", "a process goes on after a warning");
});

Deno.test("what a process says outside its log comes first: all its mistakes, or the head of its crash", () => {
  const mistakes = ["redpkt server: --port: is taken", "redpkt server: --workers: is too many"];
  assert.equal(words(mistakes), "--port: is taken; --workers: is too many");
  const crash = [
    "",
    "error: Uncaught (in promise) AssertionFailed: a seat is free",
    "    at f (file:///x.ts:1:1)",
  ];
  assert.equal(words(crash), "AssertionFailed: a seat is free");
  assert.equal(
    words(["thread 'main' panicked at x.rs:1", "note: run with RUST_BACKTRACE"]),
    "thread 'main' panicked at x.rs:1",
  );
  assert.equal(words(["Killed by somebody", "   at nowhere"]), "Killed by somebody");
});

Deno.test("an end by a signal is told as such", () => {
  assert.equal(endText({ code: 2, signal: null }), "with exit code 2");
  assert.equal(endText({ code: 137, signal: "SIGKILL" }), "by SIGKILL");
});
