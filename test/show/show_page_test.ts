/** The show on the monitor's page, in a real browser: what it shows, what its buttons do, and who may. */
import assert from "node:assert/strict";
import { every, sleep, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { MemoryHub } from "../../core/bus/memory_hub.ts";
import { LinkAgent } from "../../core/link/link_agent.ts";
import { showOrder } from "../../core/link/show_order.ts";
import { MemoryStore } from "../../core/link/show_store.ts";
import { Control } from "../../core/monitor/collect/control.ts";
import { MonitorCore } from "../../core/monitor/collect/monitor_core.ts";
import { TestWorld } from "../../core/monitor/collect/testing.ts";
import { serveWeb } from "../../core/monitor/web/web.ts";
import { ConsoleFolder } from "../../core/show/console/console_folder.ts";
import { ShowDesk } from "../../core/show/console/desk.ts";
import { Director } from "../../core/show/console/director.ts";
import { perform } from "../../core/show/console/perform.ts";
import { ShowConsole } from "../../core/show/console/show_console.ts";
import { TestKeys, testShow } from "../../core/show/testing.ts";
import { browserPath, launchBrowser, tellNoBrowser } from "../monitor/browser.ts";

const TOKEN = "secret";
const EVENT = "gala";
/** Where a picture goes, for the documents; none if unset. */
const PICTURE = Deno.env.get("REDPKT_SHOW_PICTURE");

tellNoBrowser();

/** A desk with hosts of two cities behind it, on this machine's clock. */
class Stage implements AsyncDisposable {
  readonly keys = new TestKeys();
  readonly agents: LinkAgent[];
  readonly desk: ShowDesk;
  readonly open;
  readonly #end: () => void;

  constructor(hosts: number) {
    const { trusted, director: key } = this.keys;
    const hubs = [0, 1].map(() => new MemoryHub(showOrder(trusted, EVENT)));
    this.agents = Array.from({ length: hosts }, (_, i) =>
      new LinkAgent({
        name: {
          event: EVENT,
          host: `host-${i}`,
          city: i < hosts / 2 ? "Shenzhen" : "Shanghai",
          cluster: `c${i % 2}`,
        },
        buses: hubs.map((hub) => hub.join("memory")),
        trusted,
        store: new MemoryStore(),
        clock: systemClock,
        random: new Random(i),
        host: {
          check: (_show, answer) => answer([]),
          apply: () => {},
          hold: () => {},
          count: () => {},
          wake: () => {},
          log: () => {},
        },
      }));
    const director = new Director({
      event: EVENT,
      name: "desk",
      buses: hubs.map((hub, i) => hub.join(`nats://${"ab"[i]}1,${"ab"[i]}2,${"ab"[i]}3`)),
      trusted,
      key,
      clock: systemClock,
    });
    const folder = new ConsoleFolder(this.keys.folder());
    const console = new ShowConsole({
      ...{ folder, director, trusted, key, who: "test", clock: systemClock },
      pause: () => sleep(5),
    });
    this.open = { console, folder, director, key, trusted, event: EVENT, close: () => Promise.resolve() };
    for (const agent of this.agents) agent.start();
    director.start();
    this.#end = every(10, () => {
      for (const agent of this.agents) agent.turn();
    });
    this.desk = new ShowDesk(this.open, systemClock);
  }

  async begin(): Promise<void> {
    const nowMs = Math.floor(systemClock.wallMs());
    const names = ["opening", "airline", "bank", "midnight"];
    const waves = names.map((name, i) => ({
      ...testShow().plan.waves[0],
      name,
      startMs: nowMs - 40_000 + i * 90_000,
      lengthMs: 60_000,
      needsGo: name === "midnight",
    }));
    await perform(this.open, {
      action: "init",
      operands: [],
      waves,
      approvers: [this.keys.second],
      quorumPercent: 100,
      confirmMs: 10_000,
      isReplacing: false,
    }, nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.desk.stop();
    this.keys[Symbol.dispose]();
  }
}

Deno.test({
  name: "the page shows the cue sheet and who has it, holds at once, and asks before all else",
  ignore: browserPath === undefined,
  async fn() {
    await using stage = new Stage(8);
    await stage.begin();
    const core = new MonitorCore(new TestWorld());
    const control = new Control(core, () => Promise.reject(new Error("no targets")), () => {}, undefined);
    const web = await serveWeb(
      { flag: "--web", what: "the page", address: { hostname: "127.0.0.1", port: 0 }, names: [] },
      { core, control, show: stage.desk, token: TOKEN, isOpen: true },
    );
    const url = `http://127.0.0.1:${web.address.port}/`;
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      page.setDefaultTimeout(60_000);
      const faults: string[] = [];
      page.on("pageerror", ({ message }) => faults.push(message));
      await page.goto(`${url}#token=${TOKEN}`);
      await page.waitForSelector("#show:not([hidden])");
      assert.equal(await page.locator("#cue-body tr").count(), 4);
      assert.equal(await page.locator(".cue[data-state=plays]").textContent(), "opening");
      assert.equal(await page.locator(".cue[data-state='waits for go']").textContent(), "midnight");
      await page.locator("#show-next", { hasText: /opening is live.*airline in .*midnight waits/ }).waitFor();
      await page.locator("#show-places", { hasText: "Shanghai / c0" }).waitFor();
      assert.match(await page.locator("#show-places").textContent() ?? "", /2 of 2/);

      await page.click("#show-hold");
      await page.locator("#show-version", { hasText: "HELD" }).waitFor();
      assert.notEqual(stage.agents[0].newest!.document.heldMs, null);
      if (PICTURE !== undefined) await page.locator("#show").screenshot({ path: `${PICTURE}/held.png` });

      await page.click("#show-go");
      await page.locator("#show-confirm-text", { hasText: "go?" }).waitFor();
      await page.click("#show-confirm-no");
      assert.notEqual(stage.agents[0].newest!.document.heldMs, null, "no is no");
      await page.click("#show-go");
      await page.click("#show-confirm-yes");
      await page.locator("#show-note", { hasText: "8 of 8 hosts have it" }).waitFor();
      assert.equal(stage.agents[0].newest!.document.heldMs, null);

      await page.click("#show-shift");
      await page.click("#show-confirm-yes");
      await page.locator("#show-note", { hasText: "shift: " }).waitFor();
      assert.equal(stage.agents[7].newest!.document.waves[2].delayMs % 1_000 >= 0, true);
      if (PICTURE !== undefined) await page.locator("#show").screenshot({ path: `${PICTURE}/page.png` });
      await page.locator("#cue-body tr", { hasText: "bank" }).getByText("Cut").click();
      await page.click("#show-confirm-yes");
      await page.locator("#show-note", { hasText: "a second person must approve" }).waitFor();
      await page.locator("#show-note", { hasText: "redpkt show send" }).waitFor();
      assert.deepEqual(faults, []);

      // Another who looks and has no token may look.
      const answer = await fetch(`${url}api/show/changes`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ action: "hold", operands: [] }),
      });
      assert.equal(answer.status, 401);
      await answer.body?.cancel();
      const wrong = await fetch(`${url}api/show/changes`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ action: "cut", operands: ["nothing"] }),
      });
      assert.equal(wrong.status, 409);
      assert.match(await wrong.text(), /there is no wave nothing/);
    } finally {
      await browser.close();
      await web.stop();
    }
  },
});
