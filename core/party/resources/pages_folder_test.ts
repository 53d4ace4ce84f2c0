import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { UserError } from "../../base/user_error.ts";
import { png } from "../../../test/party/png.ts";
import { readImageHeader } from "./image_header.ts";
import { keepPages, readPages } from "./kept_pages.ts";
import { readPagesFolder } from "./pages_folder.ts";

const SPONSORS = ["Jade Tea", "日升银行", "Shop"];
const PICTURE = png(4, 3, [10, 127, 90]);

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = Deno.makeTempDirSync();
  for (const [name, data] of Object.entries(files)) {
    if (typeof data === "string") Deno.writeTextFileSync(`${folder}/${name}`, data);
    else Deno.writeFileSync(`${folder}/${name}`, data);
  }
  return folder;
}

Deno.test("files are called as sponsors or by their numbers, and say a picture, a colour and a text", () => {
  const folder = folderOf({
    "jade tea.png": PICTURE,
    "Jade Tea.txt": "#0A7F5A\r\nTea for <b>everybody</b>\r\n\r\nSince 1888\r\n",
    "2.txt": "恭喜发财",
    "rest.png": PICTURE,
    ".DS_Store": "x",
  });
  try {
    const { resources, pictures } = readPagesFolder(folder, SPONSORS);
    const sha256 = createHash("sha256").update(PICTURE).digest("hex");
    const picture = { sha256, type: "image/png", bytes: PICTURE.length, width: 4, height: 3 };
    assert.deepEqual(resources, [
      {
        resource: 1,
        name: "Jade Tea",
        color: "#0a7f5a",
        text: "Tea for <b>everybody</b>\nSince 1888",
        picture,
      },
      { resource: 2, name: "日升银行", color: "", text: "恭喜发财", picture: null },
      { resource: 1_000, name: "", color: "", text: "", picture },
    ]);
    assert.deepEqual([...pictures.keys()], [sha256]);

    keepPages(folder, { resources, pictures });
    const kept = readPages(folder);
    assert.equal(createHash("sha256").update(kept.files.get(kept.list)!.bytes).digest("hex"), kept.list);
    assert.deepEqual([kept.files.get(sha256)!.type, kept.files.size], ["image/png", 2]);
    Deno.writeFileSync(`${folder}/pages/${sha256}`, png(4, 3, [0, 0, 0]));
    assert.throws(() => readPages(folder), /was lost or changed/);
    assert.equal(readPages(`${folder}/pages`).list, "", "a party without pages has none");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("everything that no phone should be given is told at once: scripts, giants, lies, strangers", () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`;
  const wide = png(1, 1, [0, 0, 0]);
  new DataView(wide.buffer).setUint32(16, 50_000);
  const files = {
    "Jade Tea.svg": svg,
    "1.png": svg,
    "Shop.jpg": wide,
    "Nobody.png": PICTURE,
    "4.txt": "a",
    "Shop.txt": "x".repeat(121),
    "rest.txt": "a\u202eb",
    "2.webp": new Uint8Array([...new TextEncoder().encode("RIFF"), 0, 0]),
    "rest.png": new Uint8Array(1_000_001).fill(0),
  };
  const folder = folderOf(files);
  try {
    assert.throws(() => readPagesFolder(folder, SPONSORS), (error: UserError) => {
      const lines = error.message.split("\n");
      assert.ok(error instanceof UserError);
      for (const name of Object.keys(files)) {
        assert.ok(lines.some((line) => line.startsWith(`--pages ${folder}/${name}: `)), name);
      }
      assert.match(error.message, /Shop\.jpg: is 50000 by 1; phones show at most 4096 a side/);
      return lines.length === Object.keys(files).length;
    });
    assert.throws(() => readPagesFolder(`${folder}/not`, SPONSORS), /there is no such folder/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a picture's size is read from its head, and what is cut off or something else is none", () => {
  const jpeg = Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc4, 0, 3, 9],
    ...[0xff, 0xc2, 0, 8, 8, 0x01, 0x02, 0x03, 0x04, 1],
  ]);
  assert.deepEqual(readImageHeader(jpeg), { type: "image/jpeg", width: 0x304, height: 0x102 });
  const webp = (kind: string, ...rest: readonly number[]) =>
    Uint8Array.from([...new TextEncoder().encode(`RIFF0000WEBP${kind}0000`), ...rest]);
  const lossy = webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 0x10, 0x01, 0x20, 0x02);
  assert.deepEqual(readImageHeader(lossy), { type: "image/webp", width: 0x110, height: 0x220 });
  const plain = webp("VP8L", 0x2f, 0x0f, 0xc0, 0x07, 0);
  assert.deepEqual(readImageHeader(plain), { type: "image/webp", width: 16, height: 32 });
  const more = webp("VP8X", 0, 0, 0, 0, 0xff, 0x01, 0, 0xff, 0, 0);
  assert.deepEqual(readImageHeader(more), { type: "image/webp", width: 512, height: 256 });
  for (const whole of [jpeg, lossy, plain, more, PICTURE]) {
    for (let length = 0; length < 18; length++) {
      assert.equal(readImageHeader(whole.slice(0, length)), undefined);
    }
  }
});
