import { placesOf } from "../collect/places.ts";
import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import { getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { cookieOf, isSameSecret, showsToken } from "../../admin/bearer.ts";
import { makeGuard } from "../../admin/guard.ts";
import { problem } from "../../admin/problem.ts";
import { type Door, openDoor, type RunningApi } from "../../admin/serve.ts";
import { plainCounts } from "../../admin/http_metrics.ts";
import { UserError } from "../../base/user_error.ts";
import type { ShowDesk } from "../../show/console/desk.ts";
import type { Control } from "../collect/control.ts";
import { MARK_KINDS } from "../timeline/marks.ts";
import type { MoneyWatch } from "../money/money_watch.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import { pageHtml } from "./page.ts";
import {
  allCounters,
  clientHosts,
  health,
  pageHistory,
  type PageSecond,
  targetRows,
} from "../view/page_state.ts";

/** How much of the past the page gets when it comes, in seconds. */
const HISTORY_S = 3_600;
/** Events that may wait for a page that doesn't read, before it misses some. */
const MOST_UNREAD = 30;

export interface WebOptions {
  readonly core: MonitorCore;
  readonly control: Control;
  /** Where the money is, if somebody asks for it. */
  readonly money?: MoneyWatch | undefined;
  /** The show that is directed from here, if one is. */
  readonly show?: ShowDesk | undefined;
  /** Whoever acts must send it. */
  readonly token: string;
  /** Whether those who look need none: the token was made just now, for whoever sees the terminal. */
  readonly isOpen: boolean;
  /** Told of what a route throws. */
  readonly onFault?: (error: Error) => void;
  /** How many were turned away, for `/health`. */
  readonly turnedAway?: Readonly<Record<string, number>>;
}

/** What ends each page's stream. */
type Streams = Set<() => void>;

const order = z.strictObject({
  action: z.string().regex(/^POST \/[\w/-]*$/, "must be POST and a path"),
  body: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  targets: z.array(z.string()).min(1),
  who: z.string().max(60).default(""),
});
const markOrder = z.strictObject({
  kind: z.enum(MARK_KINDS).default("event"),
  text: z.string().min(1).max(200),
  who: z.string().max(60).optional(),
});

const showOrder = z.strictObject({
  action: z.string().max(40),
  operands: z.array(z.string().max(200)).max(20).default([]),
  in: z.string().max(20).default(""),
  who: z.string().max(60).default(""),
});

const login = z.strictObject({ token: z.string() });

/** The page allows nothing but itself: no other host, no frame, no form elsewhere. */
const PAGE_HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Makes the page's server, as a function of requests that the guard has let pass. */
export function webApp(
  { core, control, money, show, token, isOpen, onFault, turnedAway }: WebOptions,
  streams: Streams = new Set(),
): Hono {
  const app = new Hono();
  app.use(compress());
  if (!isOpen) addLogin(app, token);
  // Acting takes the token in a header, which no other page can make a browser send.
  for (const path of ["/api/actions", "/api/marks", "/api/show/changes"]) {
    app.use(path, async ({ req }, next) => {
      if (showsToken(req.raw, token)) return await next();
      return problem(401, "acting takes the token: send the header Authorization: Bearer TOKEN");
    });
  }

  app.get("/", (context) => context.html(pageHtml(), 200, PAGE_HEADERS));
  app.get("/health", (context) => context.json({ ok: true, targets: core.targets.length, turnedAway }));
  app.get(
    "/api/history",
    (context) => context.json(pageHistory(core, money?.last ?? null, HISTORY_S)),
  );
  app.get("/api/counters", (context) => context.json(allCounters(core)));
  app.get("/api/show", (context) => context.json(show?.view() ?? null));
  app.get("/events", () => eventStream(core, money, show, streams));
  app.get("/api/actions", async (context) => context.json({ actions: await control.actions() }));
  app.post("/api/actions", async (context) => {
    const parsed = order.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return problem(400, z.prettifyError(parsed.error));
    return context.json({ results: await control.run(parsed.data) });
  });
  app.post("/api/marks", async (context) => {
    const parsed = markOrder.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return problem(400, z.prettifyError(parsed.error));
    core.mark(parsed.data.kind, parsed.data.text, parsed.data.who);
    return context.json({ ok: true });
  });
  app.post("/api/show/changes", async (context) => {
    const parsed = showOrder.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return problem(400, z.prettifyError(parsed.error));
    if (show === undefined) {
      return problem(404, "no show is directed from here: redpkt monitor --console DIR");
    }
    try {
      const done = await show.act(parsed.data);
      core.mark("event", `${parsed.data.action} ${parsed.data.operands.join(" ")}`.trim(), parsed.data.who);
      return context.json({ done });
    } catch (error) {
      if (error instanceof UserError) return problem(409, error.message.split("\n"));
      throw error;
    }
  });
  app.notFound(({ req: { method, path } }) =>
    problem(404, `there is no ${method} ${path}: the page is at /`)
  );
  app.onError((error) => {
    onFault?.(error);
    return problem(500, "a fault of this program: its log says which");
  });
  return app;
}

/** Serves the page behind the guard. @throws UserError if the address can't be had */
export async function serveWeb(door: Door, options: WebOptions): Promise<RunningApi> {
  const streams: Streams = new Set();
  const { counts, count } = plainCounts();
  const app = webApp({ ...options, turnedAway: counts }, streams);
  const served = await openDoor(door, {
    guard: makeGuard(door),
    fetch: (request) => app.fetch(request),
    count,
  });
  return {
    address: served.address,
    async stop() {
      // Pages hold them open for ever, and come back by themselves when somebody answers again.
      for (const end of streams) end();
      await served.stop();
    },
  };
}

/** Whoever looks shows the token once, and a cookie stands for it from then on. */
function addLogin(app: Hono, token: string): void {
  const wanted = cookieOf(token);
  const isKnown = (context: Context) =>
    isSameSecret(getCookie(context, COOKIE) ?? "", wanted) || showsToken(context.req.raw, token);
  app.post("/login", async (context) => {
    const parsed = login.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success || !isSameSecret(parsed.data.token, token)) {
      return problem(401, "That is not the token.");
    }
    setCookie(context, COOKIE, wanted, { httpOnly: true, sameSite: "Strict", path: "/" });
    return context.json({ ok: true });
  });
  app.use(async (context, next) => {
    if (isKnown(context)) return await next();
    if (context.req.path === "/") return context.html(LOGIN_HTML, 401, PAGE_HEADERS);
    return problem(
      401,
      "a token is wanted: open / and give that of REDPKT_TOKEN, or send it as a bearer token",
    );
  });
}

const COOKIE = "redpkt_monitor";

/** Asks for the token, and takes it from behind the `#` too, which no server sees. */
const LOGIN_HTML = `<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width">
<title>redpkt monitor</title><style>body{font:16px system-ui;max-width:24em;margin:20vh auto;padding:0 1em}
input,button{font:inherit;padding:6px}</style><h1>redpkt monitor</h1><form>
<label>Token <input type="password" name="token" autofocus></label> <button>Enter</button><p></p></form><script>
const form = document.querySelector("form");
async function enter(token) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/login", { method: "POST", headers, body: JSON.stringify({ token }) });
  if (!answer.ok) return void (form.querySelector("p").textContent = (await answer.json()).errors.join(" "));
  sessionStorage.setItem("token", token);
  location.replace("/");
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter(form.token.value);
});
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given !== null) enter(given);
</script>`;

function eventStream(
  core: MonitorCore,
  money: MoneyWatch | undefined,
  show: ShowDesk | undefined,
  streams: Streams,
): Response {
  const leave: (() => void)[] = [];
  function leaveAll(): void {
    for (const each of leave.splice(0)) each();
  }
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      function send(event: string, data: unknown): void {
        if ((controller.desiredSize ?? 0) < -MOST_UNREAD) return;
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      }
      // The browser counts the stream as open with its first bytes.
      controller.enqueue(encoder.encode("retry: 1000\n: hello\n\n"));
      leave.push(
        core.watch({
          second: (point) =>
            send(
              "second",
              {
                point,
                targets: targetRows(core),
                places: placesOf(core.targets),
                clientHosts: clientHosts(core),
                health: health(core),
              } satisfies PageSecond,
            ),
        }),
        core.watch({ charts: () => send("charts", {}) }),
        core.marks.subscribe((mark) => send("mark", mark)),
        money?.subscribe((view) => send("money", view)) ?? (() => {}),
        show?.subscribe((view) => send("show", view)) ?? (() => {}),
      );
      function end(): void {
        leaveAll();
        controller.close();
      }
      streams.add(end);
      leave.push(() => streams.delete(end));
    },
    cancel: leaveAll,
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
