/** The examples of `docs/protocol.md`, as plain data. */
import text from "../../docs/protocol.md" with { type: "text" };
import { readFrame } from "../../core/wire/frame_codec.ts";
import type { Frame } from "../../core/wire/schema.ts";
import { frames } from "../../core/wire/v1/frames.ts";
import { bytesOf, type ExampleFrame } from "./client_conformance.ts";

/** What `test/protocol_test.ts` has checked: the page's tables, and that its examples say what they are said to. */
export function documentExamples(): ExampleFrame[] {
  return text.split(/^### /m).slice(1).flatMap((section) => {
    const name = /^`(\w+)` 0x/.exec(section)![1];
    const declared: Frame = frames[name as keyof typeof frames];
    return [...section.matchAll(/^```frame\n([^\n]+)\n/gm)].map(([, line]) => {
      const hex = line.replaceAll(" ", "");
      const values = readFrame(declared, new DataView(bytesOf(hex).buffer), 0);
      return { name, from: declared.from, hex, values: plain(values) };
    });
  });
}

/** Bytes as hex, so that it can travel as JSON. */
function plain(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map((
      [name, value],
    ) => [name, value instanceof Uint8Array ? value.toHex() : value]),
  );
}
