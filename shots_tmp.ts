import { launchBrowser } from "./test/monitor/browser.ts";
import { Phone } from "./core/phone/library/mod.ts";
const base = Deno.args[0];
const party = JSON.parse(Deno.readTextFileSync(Deno.args[1] + "/party.json"));
const b = await launchBrowser();
const shot = (p: any, n: string) => p.screenshot({ path: `/tmp/shots/${n}.png` });
const errs: string[] = [];
async function phone(name: string, colorScheme: "light"|"dark", locale: string) {
  const c = await b.newContext({ viewport: { width: 360, height: 740 }, colorScheme, locale, hasTouch: true, isMobile: true, deviceScaleFactor: 2, ignoreHTTPSErrors: true });
  const p = await c.newPage();
  p.on("pageerror", (e: Error) => errs.push(name + " " + e.message));
  p.on("console", (m: any) => m.type() === "error" && errs.push(name + " " + m.text()));
  await p.goto(base + "/#" + party.code);
  return p;
}
const ann = await phone("Ann", "light", "en-US");
const bo = await phone("小波", "dark", "zh-CN");
await ann.waitForSelector("#name"); await ann.waitForTimeout(700);
await shot(ann, "door_light"); await shot(bo, "door_dark");
const wc = await b.newContext({ viewport: { width: 1920, height: 1080 }, locale: "en-US", ignoreHTTPSErrors: true });
const wall = await wc.newPage();
wall.on("pageerror", (e: Error) => errs.push("wall " + e.message));
wall.on("console", (m: any) => m.type() === "error" && errs.push("wall " + m.text()));
await wall.goto(base + "/wall#" + party.secret);
for (const [p, n] of [[ann, "Ann"], [bo, "小波"]] as const) { await p.fill("#name", n); await p.click("#enter"); }
const names = "Mei,Tom,Wang Fang,李雷,韩梅梅,Olivia,Noor,张伟,Lucas,Priya,Jonas,陈静,Sofia,Amir,刘洋,Emma,Yuki,Chidi,赵敏,Leo,Anna,王小明,Pablo,Ines,周杰,Ida,Omar,林晓,Kofi,Eva".split(",");
let on = false;
for (const [i, name] of names.entries()) {
  const g = await (await fetch(base + "/api/join", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, code: party.code }) })).json();
  if (i % 9 === 8) continue;
  const ph = new Phone({ to: base.replace("http", "ws") + "/", user: g.user, token: g.token });
  ph.on("packet", ({ packetId }) => setTimeout(() => ph.open(packetId).catch(() => {}), 900 + 137 * i % 1500));
  void ph.connect();
  setInterval(() => on && i % 3 !== 1 && ph.shake(), 1100 + 53 * i);
}
await ann.waitForSelector("#lobby-title:visible"); await ann.waitForTimeout(1800);
await shot(ann, "lobby_light"); await shot(bo, "lobby_dark"); await shot(wall, "wall_lobby");
await wall.keyboard.press("s");
await ann.waitForSelector("#ring:visible"); await ann.waitForTimeout(700);
await shot(ann, "count_light"); await shot(bo, "count_dark"); await shot(wall, "wall_count");
await ann.waitForSelector("#shake:visible", { timeout: 20000 }); await ann.waitForTimeout(600);
await shot(ann, "shake_light"); await shot(bo, "shake_dark");
async function win(p: any) { for (let i = 0; i < 60; i++) { if (await p.locator("#packet[open]").count()) return; await p.click("#shake", { timeout: 500 }).catch(() => {}); await p.waitForTimeout(300);} }
await win(ann); await ann.waitForTimeout(800);
await shot(ann, "packet_light");
await win(bo); await bo.waitForTimeout(800); await shot(bo, "packet_dark");
await ann.click("#open"); await ann.waitForSelector('[data-seal="open"]'); await ann.waitForTimeout(200); await shot(ann, "open_light_mid"); await ann.waitForTimeout(1500); await shot(ann, "open_light");
await bo.click("#open"); await bo.waitForTimeout(1700); await shot(bo, "open_dark");
await ann.click("#next"); await bo.click("#next");
on = true;
for (let i = 0; i < 12; i++) { await bo.click("#shake", {timeout: 600}).catch(()=>{}); await bo.waitForTimeout(350); if ((await bo.locator("#answer").innerText()) !== "") break; } 
await shot(bo, "nothing_dark");
await wall.waitForTimeout(9000);
await shot(wall, "wall_wave"); await wall.keyboard.press("t"); await wall.waitForTimeout(200); await shot(wall, "wall_wave_light"); await wall.keyboard.press("t");
for (const p of [ann, bo]) { if (await p.locator("#packet[open]").count()) { await p.click("#open",{timeout:900}).catch(()=>{}); await p.waitForTimeout(700); await p.click("#next",{timeout:900}).catch(()=>{}); } }
const h = await phone("host", "light", "en-US"); await h.goto(base + "/host#" + party.secret); await h.waitForTimeout(1500); await shot(h, "host_light");
await ann.waitForSelector("h2[data-text='rest.title']:visible", { timeout: 90000 });
await ann.waitForTimeout(600);
await shot(ann, "rest_light"); await shot(bo, "rest_dark"); await shot(wall, "wall_rest");
await ann.click("#wins-button"); await ann.waitForTimeout(700); await shot(ann, "wins_light"); await ann.click("#wins-close");
await h.click("#end"); await h.waitForTimeout(300); await shot(h, "host_ask"); await h.click("#ask-yes");
await ann.waitForTimeout(1200); await shot(ann, "closing_light");
await ann.waitForSelector("#ended-text:visible", { timeout: 60000 }); await ann.waitForTimeout(1500); await shot(ann, "ended_light"); await shot(bo, "ended_dark"); await shot(wall, "wall_ended");
console.log(errs);
await b.close();
Deno.exit(0);
