import { type Context, Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { type HttpAddress, isLoopbackHost, type RunningApi, stopServer } from "../../admin/serve.ts";
import { UserError } from "../../base/user_error.ts";
import type { Control } from "../collect/control.ts";
import { MARK_KINDS } from "../timeline/marks.ts";
import type { MoneyWatch } from "../money/money_watch.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import { pageHtml } from "./page.ts";
import { allCounters, clientHosts, pageHistory, targetRows } from "./page_state.ts";

/** How much of the past the page gets when it comes, in seconds. */
const HISTORY_S = 3_600;
/** Events that may wait for a page that doesn't read, before it misses some. */
const MOST_UNREAD = 30;

export interface WebOptions {
  readonly core: MonitorCore;
  readonly control: Control;
  /** Where the money is, if somebody asks for it. */
  readonly money?: MoneyWatch | undefined;
  /** Whoever acts must send it; whoever looks too, if others can reach the address. */
  readonly token: string;
  readonly address: HttpAddress;
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

/** The page allows nothing but itself: no other host, no frame, no form elsewhere. */
const PAGE_HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Makes the page's server, as a function of requests. */
export function webApp(
  { core, control, money, token, address }: WebOptions,
  streams: Streams = new Set(),
): Hono {
  const app = new Hono();
  const isOpen = isLoopbackHost(address.hostname);
  app.use(async (context, next) => {
    // A name of somebody else's that leads here would let their page read this one.
    const host = new URL(context.req.url).hostname.replace(/^\[|\]$/g, "");
    if (isOpen && !isLoopbackHost(host)) return context.text("This monitor answers on loopback only\n", 403);
    return await next();
  });
  if (!isOpen) addLogin(app, token);
  // Acting takes the token in a header, which no other page can make a browser send.
  app.use("/api/actions", bearerAuth({ token }));
  app.use("/api/marks", bearerAuth({ token }));

  app.get("/", (context) => context.html(pageHtml(), 200, PAGE_HEADERS));
  app.get("/health", (context) => context.json({ ok: true, targets: core.targets.length }));
  app.get(
    "/api/history",
    (context) => context.json({ ...pageHistory(core, HISTORY_S), money: money?.last ?? null }),
  );
  app.get("/api/counters", (context) => context.json(allCounters(core) as object));
  app.get("/events", () => eventStream(core, money, streams));
  app.get("/api/actions", async (context) => context.json({ actions: await control.actions() }));
  app.post("/api/actions", async (context) => {
    const parsed = order.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ errors: [z.prettifyError(parsed.error)] }, 400);
    return context.json({ results: await control.run(parsed.data) });
  });
  app.post("/api/marks", async (context) => {
    const parsed = markOrder.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) return context.json({ errors: [z.prettifyError(parsed.error)] }, 400);
    core.mark(parsed.data.kind, parsed.data.text, parsed.data.who);
    return context.json({ ok: true });
  });
  app.notFound((context) => context.json({ errors: [`nothing at ${context.req.path}`] }, 404));
  return app;
}

/** Serves the page. @throws UserError if the address can't be had */
export function serveWeb(options: WebOptions): RunningApi {
  const streams: Streams = new Set();
  const app = webApp(options, streams);
  const { address } = options;
  try {
    const server = Deno.serve(
      { ...address, automaticCompression: true, onListen: () => {} },
      (request) => app.fetch(request),
    );
    return {
      address: { ...address, port: server.addr.port },
      stop: async () => {
        const ended = stopServer(server);
        // Pages hold them open for ever, and come back by themselves when somebody answers again.
        for (const end of streams) end();
        await ended;
      },
    };
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "the port is taken"
      : error instanceof Error
      ? error.message
      : error;
    throw new UserError(
      `--web ${address.hostname}:${address.port}: ${why}. Choose another address with --web, or --no-web`,
    );
  }
}

/** Others can reach the address: whoever looks shows the token once, and a cookie stands for it from then on. */
function addLogin(app: Hono, token: string): void {
  const isKnown = (context: Context) =>
    getCookie(context, COOKIE) === token || context.req.header("authorization") === `Bearer ${token}`;
  app.post("/login", async (context) => {
    const { token: given } = await context.req.parseBody();
    if (given !== token) return context.html(loginHtml("That is not the token."), 401, PAGE_HEADERS);
    setCookie(context, COOKIE, token, { httpOnly: true, sameSite: "Strict", path: "/" });
    return context.redirect("/");
  });
  app.use(async (context, next) => {
    if (isKnown(context)) return await next();
    if (context.req.path === "/") return context.html(loginHtml(""), 401, PAGE_HEADERS);
    return context.json({ errors: ["a token is wanted"] }, 401);
  });
}

const COOKIE = "redpkt_monitor";

function loginHtml(note: string): string {
  return `<!DOCTYPE html><html lang="en"><meta name="viewport" content="width=device-width">
<title>redpkt monitor</title><style>body{font:16px system-ui;max-width:24em;margin:20vh auto;padding:0 1em}
input,button{font:inherit;padding:6px}</style><h1>redpkt monitor</h1><form method="post" action="/login">
<label>Token <input type="password" name="token" autofocus></label> <button>Enter</button><p>${note}</p></form>`;
}

function eventStream(core: MonitorCore, money: MoneyWatch | undefined, streams: Streams): Response {
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
            send("second", { point, targets: targetRows(core), clientHosts: clientHosts(core) }),
        }),
        core.marks.subscribe((mark) => send("mark", mark)),
        money?.subscribe((view) => send("money", view)) ?? (() => {}),
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
