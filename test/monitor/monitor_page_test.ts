import assert from "node:assert/strict";
import { Control } from "../../core/monitor/collect/control.ts";
import { MonitorCore } from "../../core/monitor/collect/monitor_core.ts";
import { makeSnapshot, TestWorld } from "../../core/monitor/collect/testing.ts";
import { serveWeb } from "../../core/monitor/web/web.ts";
import { browserPath, launchBrowser, tellNoBrowser } from "./browser.ts";

const SECOND = 1_700_000_000;
const FLEET = { url: "http://127.0.0.1:9", name: "fleet 1" };
const SERVER = { url: "http://127.0.0.1:8", name: "access 1" };
const TOKEN = "secret";

tellNoBrowser();

/** A monitor of one server and one fleet, whose time goes on by order. */
function bench() {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const control = new Control(core, answerAsTarget, () => {}, undefined);
  let second = SECOND;
  return {
    core,
    serve: (port: number) =>
      serveWeb({ flag: "--web", what: "the page", address: { hostname: "127.0.0.1", port }, names: [] }, {
        core,
        control,
        token: TOKEN,
        isOpen: true,
      }),
    goOn(seconds: number, isDead = false): void {
      for (let i = 0; i < seconds; i++, second++) {
        const shakes = 1000 + 10 * (second % 60);
        const served = isDead ? 0 : shakes;
        const counts = {
          shakesDue: shakes,
          shakesSent: served,
          shakesAnswered: served,
          shakesWon: isDead ? 0 : 7,
          ticksUnconnected: shakes - served,
          shakesLost: 0,
        };
        world.clock.advance(1000);
        core.replay(
          FLEET,
          makeSnapshot(second, { deltas: counts, totals: counts, latency: [[200, shakes]] }),
        );
        const answers = { framesOut: shakes, connectionsOpened: 0 };
        core.replay(
          SERVER,
          makeSnapshot(second, {
            role: "server",
            pid: 2,
            deltas: answers,
            gauges: {
              connections: 500,
              users: 500,
              moneyPutInFen: 900,
              moneyPoolFen: 300,
              moneyUsersFen: 600,
              moneyOffFen: 0,
            },
            blocks: { connections: [250, 250, 0] },
          }),
        );
        core.tick();
      }
    },
  };
}

/** What a target would answer: it offers a rate, and takes it. */
function answerAsTarget(url: string, { method = "GET" }: RequestInit): Promise<Response> {
  if (method === "POST") return Promise.resolve(Response.json({ ok: true }));
  const isFleet = url.startsWith(FLEET.url);
  const properties = { qps: { type: "integer" } };
  const schema = { type: "object", properties, required: ["qps"] };
  const requestBody = { content: { "application/json": { schema } } };
  return Promise.resolve(
    Response.json({
      paths: isFleet ? { "/rate": { post: { summary: "Changes the rate", requestBody } } } : {},
    }),
  );
}

Deno.test({
  name: "the page shows the charts, goes on, survives a restart, acts on order, and stays by itself",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { core, serve, goOn } = bench();
    goOn(300);
    core.mark("phase", "wave 1");
    let web = await serve(0);
    const { port } = web.address;
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const complaints: string[] = [];
      const elsewhere: string[] = [];
      let isDown = false;
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // While the monitor is away the browser says that it can't reach it; that is the truth.
        if (message.type() === "error" && !isDown) complaints.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(`http://127.0.0.1:${port}/`)) elsewhere.push(request.url());
      });

      await page.goto(`http://127.0.0.1:${port}/#token=${TOKEN}`);
      await page.waitForSelector('[data-chart="rate"] canvas');
      const charts = await page.locator(".chart:visible").count();
      assert.ok(charts >= 5, `${charts} charts`);
      assert.equal(await page.locator("#target-body tr").count(), 2);
      assert.match(await page.locator("#marks").innerText(), /wave 1/);
      assert.ok(!page.url().includes(TOKEN), "the token leaves the address bar");

      await page.waitForSelector('#link[data-state="live"]');
      goOn(1);
      const sent = page.locator('[data-chart="rate"] .legend b').first();
      const last = String(core.history.last!.values[0]).replace(/(\d)(?=(\d{3})+$)/g, "$1,");
      await sent.getByText(`${last}/s`).waitFor();

      assert.match(await page.locator(".tile", { hasText: "money" }).innerText(), /OK/);

      // The pointer's time is told by every chart, its height by the one that it is on.
      await page.locator('[data-chart="rate"] .u-over').hover({ position: { x: 100, y: 40 } });
      const time = await page.locator('[data-chart="rate"] h2 time').innerText();
      assert.match(time, /^\d\d:\d\d:\d\d$/);
      assert.equal(await page.locator('[data-chart="latency"] h2 time').innerText(), time);
      assert.ok(await page.locator('[data-chart="rate"] .u-cursor-y').isVisible());
      assert.ok(!await page.locator('[data-chart="latency"] .u-cursor-y').isVisible());
      await page.locator("h1").hover();

      await page.keyboard.press("1");
      assert.equal(await page.locator('[data-seconds="60"]').getAttribute("aria-pressed"), "true");
      await page.keyboard.press("t");
      assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");

      await page.locator("#control summary").click();
      await page.fill("#token", "");
      await page.locator("#token").blur();
      await page.locator("#control-note", { hasText: "Give the token: the one of" }).waitFor();
      await page.fill("#token", TOKEN);
      await page.locator("#token").blur();
      await page.locator("#action").waitFor();
      await page.fill('[name="qps"]', "2000");
      await page.fill("#who", "ann");
      await page.locator("#control-form .primary").click();
      await page.locator("#confirm-yes").click();
      await page.getByText("Done on 1").waitFor();
      assert.deepEqual(core.marks.all.map(({ text, who }) => [text, who]).at(-1), [
        "rate qps 2000 on fleet 1",
        "ann",
      ]);

      await page.waitForSelector('#link[data-health="good"]');
      goOn(1, true);
      await page.waitForSelector('#link[data-health="bad"]');
      assert.match(await page.locator("#link").innerText(), /users aren't served/);
      assert.match(
        await page.locator("#ills").innerText(),
        /^nobody is served: 1,\d+ shakes due, 0 answered/,
      );
      const tiles = await page.locator("#tiles").innerText();
      for (const title of ["due", "sent", "answered", "not sent", "lost"]) {
        assert.match(tiles, new RegExp(`^${title}\\n${/^(due|not)/.test(title) ? "1," : "0/s"}`, "m"), tiles);
      }
      goOn(1);
      await page.waitForSelector('#link[data-health="good"]');

      isDown = true;
      await web.stop();
      await page.waitForSelector('#link[data-state="lost"]');
      goOn(3);
      web = await serve(port);
      await page.waitForSelector('#link[data-state="live"]');
      isDown = false;
      await page.waitForSelector('#charts[data-points="306"]');

      await page.setViewportSize({ width: 390, height: 800 });
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.equal(overflow, 0, "nothing hangs out at the width of a phone");
      assert.deepEqual([complaints, elsewhere], [[], []]);
    } finally {
      await browser.close();
      await web.stop();
    }
  },
});
