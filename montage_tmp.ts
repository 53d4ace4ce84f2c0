import { launchBrowser } from "./test/monitor/browser.ts";
const [out, height, ...names] = Deno.args;
const b = await launchBrowser();
const p = await b.newPage({ viewport: { width: 1600, height: 900 } });
const imgs = names.map((n) => `<img style="height:${height}px;margin:4px" src="data:image/png;base64,${Deno.readFileSync(`/tmp/shots/${n}.png`).toBase64()}">`);
await p.setContent(`<body style="margin:0;background:#888;display:inline-block;white-space:nowrap">${imgs.join("")}`);
await p.locator("body").screenshot({ path: `/tmp/shots/${out}.png` });
await b.close();
