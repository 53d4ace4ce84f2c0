import assert from "node:assert/strict";
import { pageAt, pageResponse } from "./pages.ts";
import { SOURCES } from "./page_sources.ts";

/** Of a guest's page as phones fetch it, and as it is when it is there. */
const MOST_SENT_BYTES = 50_000;
const MOST_BYTES = 120_000;
const PATHS = [
  "/",
  "/page.css",
  "/page.js",
  "/wall",
  "/wall.css",
  "/wall.js",
  "/host",
  "/host.css",
  "/host.js",
];

function textOf(path: string): string {
  return new TextDecoder().decode(pageAt(path)!.plain);
}

Deno.test("a guest's page is far under 100 kB on its way, and holds no script, style or address of others", () => {
  const parts = ["/", "/page.css", "/page.js"];
  const sum = (of: "plain" | "zipped") => parts.reduce((sum, path) => sum + pageAt(path)![of].length, 0);
  assert.ok(sum("zipped") < MOST_SENT_BYTES, `${sum("zipped")} bytes`);
  assert.ok(sum("plain") < MOST_BYTES, `${sum("plain")} bytes`);
  for (const path of ["/", "/wall", "/host"]) {
    const html = textOf(path);
    assert.ok(!/<script>|<style|\son\w+=|\sstyle=/.test(html), path);
    const loaded = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, to]) => to);
    assert.deepEqual(loaded.filter((to) => pageAt(to) === undefined), [], `${path} loads what is there`);
  }
  for (const path of PATHS) assert.ok(!/https?:\/\/(?!www\.w3\.org)/.test(textOf(path)), path);
});

Deno.test("every script is one that a browser can read, and the list of its modules holds no other", () => {
  for (const path of PATHS.filter((path) => path.endsWith(".js"))) {
    assert.doesNotThrow(() => new Function(textOf(path)), path);
  }
  const used = ["page/main", "wall/wall", "wall/host"].map((name) => `core/phone/${name}.ts`);
  for (let at = 0; at < used.length; at++) {
    for (const [, specifier] of SOURCES[used[at]].matchAll(/ from "(\.[^"]+)";$/gm)) {
      const path = new URL(specifier, `file:///${used[at]}`).pathname.slice(1);
      if (path in SOURCES && !used.includes(path)) used.push(path);
    }
  }
  assert.deepEqual(Object.keys(SOURCES).filter((path) => !used.includes(path)), []);
});

Deno.test("pages allow only themselves, come compressed to who takes that, and once", async () => {
  const ask = (headers: Record<string, string>) =>
    pageResponse(
      pageAt("/page.js")!,
      new Request("https://h/page.js", { headers: { host: "h:1", ...headers } }),
    );
  const plain = ask({});
  const policy = plain.headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.match(policy, /connect-src 'self' ws:\/\/h:1 wss:\/\/h:1;/);
  assert.ok(!/unsafe|\*/.test(policy));
  assert.equal((await plain.arrayBuffer()).byteLength, pageAt("/page.js")!.plain.length);
  const zipped = ask({ "accept-encoding": "gzip, br" });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.ok((await zipped.arrayBuffer()).byteLength < 40_000);
  assert.equal(ask({ "if-none-match": plain.headers.get("etag")! }).status, 304);
  const odd = ask({ host: "h:1; script-src *" });
  assert.ok(!odd.headers.get("content-security-policy")!.includes("*"));
});
