/** A real browser for tests of pages, where the machine has one. */
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

const PATHS = [
  Deno.env.get("REDPKT_BROWSER") ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Where a browser is; undefined if there is none. */
export const browserPath: string | undefined = PATHS.find((path) => {
  try {
    return path !== "" && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Why tests that need one are skipped, for whoever wonders. */
export function tellNoBrowser(): void {
  if (browserPath === undefined) {
    console.log("no chromium found: tests of the page are skipped (install it, or set REDPKT_BROWSER)");
  }
}

/** Starts the browser, with nothing of its own going out to the network. */
export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath!,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}
