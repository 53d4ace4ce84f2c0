/// <reference lib="dom" />
/** What sponsors show on a real page: fetched in idle time, proven, dressed; and a page that hears the server alone. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { browserPath, launchBrowser, tellNoBrowser } from "../monitor/browser.ts";
import { barriers } from "./accessible.ts";
import { PartyWorld } from "./party_world.ts";
import { png } from "./png.ts";

const TIMEOUT_MS = 60_000;
const SPONSORS = ["Tea", "Bank"];
/** It would be an element if it were HTML. */
const TEXT = "Tea for <b>all</b>";
const COLOR = "#0a7f5a";
const PICTURE = png(40, 30, [10, 127, 90]);
const DAMAGED = png(40, 30, [200, 0, 0]);

tellNoBrowser();

/** Whether a picture is there and drawn. */
function isDrawn(page: Page, id: string): Promise<boolean> {
  return page.evaluate((id) => {
    const image = document.getElementById(id) as HTMLImageElement;
    return !image.hidden && image.complete && image.naturalWidth === 40;
  }, id);
}

/** A packet says whose it is, looks so, and is opened. */
async function seePacket(page: Page): Promise<void> {
  const title = page.locator("#packet-title");
  await page.waitForFunction(() =>
    /from (Tea|Bank)!$/.test(document.getElementById("packet-title")!.innerText)
  );
  const isTea = await title.innerText() === "A red packet from Tea!";
  assert.equal(await isDrawn(page, "packet-cover"), isTea);
  assert.equal(await page.locator("#packet-envelope.branded").count(), isTea ? 1 : 0);
  assert.deepEqual(await barriers(page), [], "a packet");
  await page.click("#open");
  await page.waitForSelector('[data-seal="open"]');
  await page.click("#next");
}

Deno.test({
  name:
    "a sponsor's page is fetched while nobody shakes, proven by its hash, and dresses greetings and packets",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using world = new PartyWorld();
    const pages = `${world.folder}/pages`;
    await Deno.mkdir(pages);
    await Deno.writeFile(`${pages}/Tea.png`, PICTURE);
    await Deno.writeTextFile(`${pages}/Tea.txt`, `${COLOR}\n${TEXT}`);
    await Deno.writeFile(`${pages}/2.png`, DAMAGED);
    await world.start(
      ...[
        "--tls",
        "off",
        "--pages",
        pages,
        "--sponsors",
        SPONSORS.join(),
        "--waves",
        "1",
        "--packets",
        "20",
        "--per-guest",
        "20",
      ],
      ...["--wave-seconds", "300", "--countdown-seconds", "0"],
    );
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "en-US" });
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT_MS);
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      const fetches = () => asked.filter((path) => path.startsWith("/resource/"));
      // Somebody in between changes one of the pictures.
      const hash = createHash("sha256").update(DAMAGED).digest("hex");
      let damages = 0;
      await page.route(`**/resource/${hash}`, async (route) => {
        await route.fulfill({ contentType: "image/png", body: Buffer.from(PICTURE) });
        damages++;
      });
      // The news can be cut off later.
      await page.addInitScript(() => {
        const sources: EventSource[] = [];
        const Source = globalThis.EventSource;
        globalThis.EventSource = class extends Source {
          constructor(url: string | URL) {
            super(url);
            sources.push(this);
          }
        };
        Object.assign(globalThis, { cutNews: () => sources.forEach((source) => source.close()) });
      });
      await page.goto(world.joinUrl);
      await page.fill("#name", "Ann");
      assert.deepEqual(await barriers(page), [], "the door");
      assert.deepEqual(fetches(), [], "who isn't in fetches nothing");
      await page.click("#enter");
      await page.waitForSelector("#lobby-title:visible");

      // Both pages are shown in turn: the one whole, the other without the picture that can't be proven.
      await page.getByText(TEXT, { exact: true }).first().waitFor();
      await world.until("the picture is drawn", () => isDrawn(page, "sponsor-picture"));
      assert.equal(await page.locator("#sponsor-text b").count(), 0, "a text is no HTML");
      assert.deepEqual(await barriers(page), [], "the lobby");
      await world.until("what somebody changed has come", () => damages > 0);
      await page.waitForFunction(() =>
        document.getElementById("sponsor-text")!.textContent === "Bank" &&
        document.getElementById("sponsor-picture")!.hidden
      );

      const wall = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
      await wall.goto(`${world.base}/wall#${world.party.secret}`);
      await wall.waitForSelector("#guests li");
      assert.deepEqual(await barriers(wall), [], "the wall");
      const host = await (await browser.newContext()).newPage();
      await host.goto(`${world.base}/host#${world.party.secret}`);
      await host.waitForSelector("#start:visible");
      assert.deepEqual(await barriers(host), [], "the host's page");

      // From here on the page hears nothing but what the server tells it over its connection.
      await page.route("**/api/news", (route) => route.abort());
      await page.evaluate(() => (globalThis as unknown as { cutNews(): void }).cutNews());
      await host.click("#start");
      await page.waitForSelector("#shake:visible");
      const before = fetches().length;
      let isGreeted = false;
      for (let tries = 0, isWon = false; !(isGreeted && isWon); tries++) {
        assert.ok(tries < 300, "Tea greets, and a packet is won");
        await page.evaluate(() => document.getElementById("shake")!.click());
        await page.waitForTimeout(300);
        if (await page.locator("#packet[open]").count() > 0) {
          await seePacket(page);
          isWon = true;
        } else if (!isGreeted && await page.locator("#answer").innerText() === TEXT) {
          assert.ok(await isDrawn(page, "shake-cover"));
          assert.equal(await page.locator("#shake.branded").count(), 1);
          assert.deepEqual(await barriers(page), [], "a greeting");
          isGreeted = true;
        }
      }
      assert.equal(fetches().length, before, "nothing is fetched while people shake");
    } finally {
      await browser.close();
    }
  },
});
