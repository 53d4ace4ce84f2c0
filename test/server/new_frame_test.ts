/** A new kind of frame is one declaration: here are two, from the fleet's side to a SET and back, and on the page. */
import assert from "node:assert/strict";
import { protocolPage } from "../../.ci/protocol_page.ts";
import { definePlugin, readFrame, writeFrame, z } from "../../core/plugin/plugin.ts";
import { CloseCode, PLUGIN_OPCODES } from "../../core/wire/codes.ts";
import { count, fromClient, fromServer, list, u32, utf8 } from "../../core/wire/schema.ts";
import { frames } from "../../core/wire/v1/frames.ts";
import { World } from "../sim/sim_world.ts";

const greetings = {
  greet: fromClient(PLUGIN_OPCODES.from, { requestId: u32, count, users: list(3) }),
  greetResult: fromServer(PLUGIN_OPCODES.from + 0x80, { requestId: u32, text: utf8(20) }),
};
const { greet, greetResult } = greetings;

const host = definePlugin({
  name: "greetings",
  config: z.strictObject({}),
  metrics: {},
  create: (set) => ({
    frames: {
      [greet.opcode]: {
        bytes: greet.bytes,
        handle(_connection, request, at, reply, replyAt) {
          const { requestId, users } = readFrame(greet, request, at);
          const text = `hello ${users.join(", ")}`;
          return writeFrame(greetResult, reply, replyAt, set.unixMs, { requestId, text });
        },
      },
    },
  }),
});

Deno.test("a SET takes a frame that is declared, in its sizes, and its answer is read by the declaration", () => {
  const world = new World({ plugins: [{ plugin: host }] });
  world.client.accept(greetResult);
  const peer = world.connect().login1(7);
  for (const users of [[], [1, 2, 3]]) {
    peer.write((view, at) => writeFrame(greet, view, at, 0, { requestId: users.length, users }));
  }
  world.until(() => peer.of(greetResult.opcode).length === 2);
  assert.deepEqual(peer.of(greetResult.opcode).map((view) => readFrame(greetResult, view, 0)), [
    { requestId: 0, text: "hello " },
    { requestId: 3, text: "hello 1, 2, 3" },
  ]);

  const [least, most] = greet.bytes;
  for (const [size, code] of [[least - 1, CloseCode.frameTooShort], [most + 1, CloseCode.frameTooLong]]) {
    const wrong = world.connect().login1(8).write((view, at) => {
      view.setUint32(at, (size << 16) | greet.opcode);
      return size;
    });
    world.until(() => wrong.hasEnded);
    assert.deepEqual(readFrame(frames.close, wrong.of(frames.close.opcode)[0], 0), { code, retryMs: 0 });
  }
});

Deno.test("the page gets a section for a frame that is declared, and follows a change of it", () => {
  const page = protocolPage("# Protocol\n\n## Version 1\n\n## Version 0\n", greetings);
  assert.equal(
    page,
    `# Protocol

## Version 1

### \`greet\` 0x0200

From the client. 20 to 32 bytes.

| at | type            | field       |
| -- | --------------- | ----------- |
| 12 | u32             | \`requestId\` |
| 16 | u32             | \`count\`     |
| 20 | count times u32 | \`users\`     |

### \`greetResult\` 0x0280

From the server. 17 to 36 bytes.

| at | type                   | field       |
| -- | ---------------------- | ----------- |
| 12 | u32                    | \`requestId\` |
| 16 | 1 to 20 bytes of UTF-8 | \`text\`      |

## Version 0
`,
  );
  const withProse = page.replace("36 bytes.", "36 bytes. Kind words.");
  const changed = { greetResult: fromServer(0x0281, { text: utf8(200) }) };
  const next = protocolPage(withProse, changed);
  assert.match(next, /### `greetResult` 0x0281\n\nFrom the server\. 13 to 212 bytes\. Kind words\.\n/);
  assert.match(next, /\| 12 \| 1 to 200 bytes of UTF-8 \| `text` \|\n\n## Version 0/);
  assert.equal(protocolPage(next, changed), next);
});
