/// <reference lib="dom" />
/** A whole evening in a real browser: phones, the wall, and a server that is killed in the middle. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { browserPath, launchBrowser, tellNoBrowser } from "../monitor/browser.ts";
import { redpkt } from "../processes.ts";
import { PartyWorld } from "./party_world.ts";

/** From the command to a guest's first shake, as promised for a machine that has nothing else to do. */
const FIRST_SHAKE_MS = 30_000 * Math.max(1, Deno.loadavg()[0] / navigator.hardwareConcurrency);
const MOST_PAGE_BYTES = 100_000;
/** The machine may be busy with other tests. */
const TIMEOUT_MS = 60_000;
/** A name that would be an element if it were HTML. */
const NAME = `<img src=x>Ann`;

tellNoBrowser();

/** What a browser complains about; while the server is away it says that it can't reach it, which is the truth. */
function listen(page: Page, complaints: string[]): void {
  page.setDefaultTimeout(TIMEOUT_MS);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/WebSocket|ERR_/.test(message.text())) complaints.push(message.text());
  });
}

function phone(browser: Browser): Promise<BrowserContext> {
  const viewport = { width: 360, height: 740 };
  return browser.newContext({
    viewport,
    isMobile: true,
    hasTouch: true,
    locale: "en-US",
    ignoreHTTPSErrors: true,
  });
}

/** Moves the phone to and fro as a hand does, until the page has something to show for it. */
async function shakeByMotion(page: Page): Promise<void> {
  await page.evaluate(() => {
    const begin = performance.now();
    const timer = setInterval(() => {
      const x = 24 * Math.sin((performance.now() - begin) / 1000 * 2 * Math.PI * 4);
      dispatchEvent(
        new DeviceMotionEvent("devicemotion", { acceleration: { x, y: 0.5, z: 1 }, interval: 16 }),
      );
      if (document.querySelector("#packet[open]") !== null) clearInterval(timer);
    }, 16);
  });
  await page.waitForSelector("#packet[open]");
}

async function shakeByKey(page: Page): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  for (let i = 0; i < 100 && await page.locator("#packet[open]").count() === 0; i++) {
    await page.keyboard.press("Space");
    await page.waitForTimeout(300);
  }
  await page.waitForSelector("#packet[open]");
}

/** What the phone's list says that its guest has won, in fen. */
async function wins(page: Page): Promise<number[]> {
  const texts = await page.locator("#wins-list b").allTextContents();
  return texts.map((text) => Math.round(Number(text.replace("¥", "")) * 100));
}

Deno.test({
  name: "a phone that refuses WebSockets plays all the same, by requests",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using world = new PartyWorld();
    await world.start(
      ...["--tls", "off", "--waves", "1", "--wave-seconds", "600", "--packets", "900"],
      "--countdown-seconds",
      "0",
    );
    const browser = await launchBrowser();
    const complaints: string[] = [];
    try {
      const page = await (await phone(browser)).newPage();
      listen(page, complaints);
      // As an iPhone does while nobody vouches for the certificate.
      await page.addInitScript(() => {
        globalThis.WebSocket = class {
          onclose?: (event: { code: number }) => void;
          constructor() {
            setTimeout(() => this.onclose?.({ code: 1006 }), 1);
          }
          close(): void {}
        } as unknown as typeof WebSocket;
      });
      await page.goto(world.joinUrl);
      await page.fill("#name", "Ann");
      await page.click("#enter");
      await page.waitForSelector('#link[data-link="online"]', { state: "attached" });
      assert.equal((await world.view()).news.online, 1);
      await world.order("start");
      await page.waitForSelector("#shake:visible");
      await shakeByKey(page);
      Deno.kill(world.serverPid, "SIGKILL");
      await page.waitForSelector('#link:not([data-link="online"])', { state: "attached" });
      await page.click("#open");
      await page.waitForSelector('[data-seal="open"]');
      assert.match(await page.locator("#packet-amount").innerText(), /^\d+\.\d\d$/);
      assert.ok((await world.view()).guests[0].shakes > 0);
      await page.close();
      await world.until("they have left", async () => (await world.view()).news.online === 0);
      assert.deepEqual(complaints.filter((text) => !/503/.test(text)), []);
    } finally {
      await browser.close();
    }
  },
});

Deno.test({
  name: "guests join by link, shake by motion and by key, and win once, while the server is killed meanwhile",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const startMs = performance.now();
    await using world = new PartyWorld();
    await world.start(
      ...["--name", "Evening", "--packets", "900", "--budget", "500", "--waves", "1"],
      ...["--wave-seconds", "600", "--countdown-seconds", "0", "--per-guest", "2"],
    );
    const browser = await launchBrowser();
    const complaints: string[] = [];
    try {
      const context = await phone(browser);
      const page = await context.newPage();
      listen(page, complaints);
      let pageBytes = 0;
      page.on("response", async (response) => {
        if (/\/(page\.(js|css))?$/.test(new URL(response.url()).pathname)) {
          pageBytes += Number((await response.allHeaders())["content-length"]);
        }
      });
      await page.goto(world.joinUrl);
      await page.fill("#name", NAME);
      await page.click("#enter");
      await page.waitForSelector("#lobby-title:visible");
      assert.ok(
        await page.evaluate(() => document.body.scrollWidth <= innerWidth),
        "nothing is cut at 360 px",
      );

      const wall = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      listen(wall, complaints);
      await wall.goto(`${world.base}/wall#${world.party.secret}`);
      await wall.waitForSelector("#guests li:not(.away)");
      assert.equal(await wall.locator("#guests li").innerText(), NAME);
      assert.equal(await wall.locator("#guests img").count(), 0, "a name is text");
      assert.ok(!wall.url().includes(world.party.secret), "nobody reads the secret from the screen");
      await wall.keyboard.press("s");

      await page.waitForSelector("#shake:visible");
      await shakeByMotion(page);
      assert.ok(performance.now() - startMs < FIRST_SHAKE_MS, "from the command to the first shake");
      assert.ok(pageBytes > 10_000 && pageBytes < MOST_PAGE_BYTES, `the page has ${pageBytes} bytes`);
      assert.equal(await page.locator("#packet-amount").innerText(), "", "a sealed packet tells nothing");
      assert.ok((await world.view()).guests[0].shakes > 0, "the wall hears who shakes");

      // The server dies while the packet is there and sealed.
      const pid = world.serverPid;
      Deno.kill(pid, "SIGKILL");
      await page.waitForSelector('#link:not([data-link="online"])', { state: "attached" });
      await page.click("#open");
      await page.waitForSelector('[data-seal="open"]');
      assert.notEqual(world.serverPid, pid, "it was started again");
      const first = await page.locator("#packet-amount").innerText();
      assert.match(first, /^\d+\.\d\d$/);
      await page.click("#next");
      await page.waitForSelector('#link[data-link="online"]', { state: "attached" });
      assert.equal(await page.locator("#packet[open]").count(), 0, "it is told once");

      await shakeByKey(page);
      await page.keyboard.press("Enter");
      await page.waitForSelector('[data-seal="open"]');
      const second = await page.locator("#packet-amount").innerText();
      await page.keyboard.press("Enter");
      await page.waitForSelector("#packet[open]", { state: "detached" }).catch(() => {});
      const amounts = [first, second].map((text) => Math.round(Number(text) * 100)).sort();

      // A second tab is the same guest: it knows what was won, and wins nothing more.
      const tab = await context.newPage();
      listen(tab, complaints);
      await tab.goto(world.joinUrl);
      await tab.waitForSelector("#shake:visible");
      await tab.waitForSelector('#link[data-link="online"]', { state: "attached" });
      await tab.waitForSelector("#wins-list li:nth-child(2)", { state: "attached" });
      assert.deepEqual((await wins(tab)).sort(), amounts);
      const before = (await world.view()).guests[0].shakes;
      for (let i = 0; i < 4; i++) {
        await tab.locator("#shake").click({ force: true });
        await tab.waitForTimeout(700);
      }
      await world.until(
        "the tab has shaken",
        async () => (await world.view()).guests[0].shakes >= before + 3,
      );
      assert.equal(await tab.locator("#packet[open]").count(), 0);
      assert.equal((await world.view()).guests.length, 1);

      const latest = await wall.locator("#latest b").allTextContents();
      assert.deepEqual(latest.map((text) => Math.round(Number(text.slice(1)) * 100)).sort(), amounts);
      await wall.keyboard.press("e");
      await wall.click("#ask-yes");
      await page.waitForSelector("#ended-text:visible");
      const sum = (amounts[0] + amounts[1]) / 100;
      assert.match(await page.locator("#ended-text").innerText(), new RegExp(`won ${sum.toFixed(2)} yuan`));
      await world.running.event("ended");
      world.running.process.kill("SIGTERM");
      assert.equal(await world.running.ended(), 0);
      assert.deepEqual(world.winners().map(({ amountFen }) => amountFen).sort(), amounts);
      const { code, stderr, stdout } = await redpkt(
        ["ledger", "check", `${world.dir}/ledger`, "--claims", `${world.dir}/claims`],
      );
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
    }
  },
});
