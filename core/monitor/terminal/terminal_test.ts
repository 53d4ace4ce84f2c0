import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { MonitorCore } from "../collect/monitor_core.ts";
import { makeSnapshot, TestWorld } from "../collect/testing.ts";
import { showTerminal } from "./terminal.tsx";

/** A terminal of a size that says when something it waits for has been written to it. */
class FakeTerminal extends Writable {
  columns = 80;
  rows = 24;
  readonly isTTY = true;
  text = "";
  #wanted: { part: string; found: () => void } | undefined;

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += new TextDecoder().decode(chunk);
    if (this.#wanted !== undefined && this.text.includes(this.#wanted.part)) this.#wanted.found();
    done();
  }

  /** Resolves once the text has been written, now or before. */
  shows(part: string): Promise<void> {
    if (this.text.includes(part)) return Promise.resolve();
    return new Promise((found) => this.#wanted = { part, found });
  }
}

class FakeKeys extends PassThrough {
  readonly isTTY = true;
  setRawMode = () => this;
  ref = () => this;
  unref = () => this;
}

Deno.test({
  name: "the terminal view is drawn, follows keys and sizes, keeps NO_COLOR, and gives the screen back",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const world = new TestWorld();
    const core = new MonitorCore(world);
    const [stdout, stdin] = [new FakeTerminal(), new FakeKeys()];
    const { promise: quit, resolve: onQuit } = Promise.withResolvers<void>();
    const leave = showTerminal({
      core,
      hasColor: false,
      onQuit,
      stdout: stdout as unknown as NodeJS.WritableStream,
      stdin: stdin as unknown as NodeJS.ReadableStream,
    });
    await stdout.shows("Nothing has been heard yet.");
    world.clock.advance(1000);
    core.replay(
      { url: "http://fleet:1", name: "fleet 1" },
      makeSnapshot(1_700_000_000, { deltas: { shakesSent: 77 } }),
    );
    core.tick();
    await stdout.shows("77/s");
    stdin.write("2");
    await stdout.shows("fleet 1");
    stdout.columns = 20;
    stdout.text = "";
    stdout.emit("resize");
    await stdout.shows("…");
    // deno-lint-ignore no-control-regex -- escape sequences are what this is about
    assert.deepEqual(stdout.text.match(/\x1b\[3\dm/g), null, "no colour was asked for");
    stdin.write("q");
    await quit;
    leave();
    await stdout.shows("\x1b[?1049l");
  },
});
