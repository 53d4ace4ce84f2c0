import { CloseCode } from "../wire/codes.ts";
import { Phase } from "./common/connections.ts";
import {
  checkLogin,
  userOfLogin,
  versionOfLogin,
  writeLoginAnswer,
  writeLoginRefusal,
} from "./common/logins.ts";
import type { PendingAwards } from "./awards/pending_awards.ts";
import type { Replies } from "./common/replies.ts";
import type { SetCounters } from "./common/set_counters.ts";
import type { SetHost } from "./common/set_host.ts";
import type { SetPlugins } from "./common/set_plugins.ts";

export interface FirstFrameParts {
  readonly host: SetHost;
  readonly counters: SetCounters;
  readonly plugins: SetPlugins;
  readonly replies: Replies;
  readonly pending: PendingAwards;
}

/** The first frame of a connection must be a login; whoever is let in hears of awards that they don't know of. */
export class FirstFrame {
  readonly #parts: FirstFrameParts;

  constructor(parts: FirstFrameParts) {
    this.#parts = parts;
  }

  /** Returns 0 or a close code. */
  take(connection: number, opcode: number, view: DataView, at: number): number {
    const { host, plugins, replies } = this.#parts;
    const { connections, unixMs } = host;
    const version = versionOfLogin(opcode);
    if (connections.phase[connection] !== Phase.open || version < 0) return CloseCode.loginExpected;
    connections.version[connection] = version;
    const code = checkLogin(host.logins, version, view, at, unixMs);
    if (code !== 0) return code;
    const user = userOfLogin(version, view, at);
    const replyAt = replies.room(connection);
    if (replyAt < 0) return CloseCode.slowReader;
    const reply = replies.view;
    const refusal = plugins.admitLogin(connection, user, host.nowMs);
    if (refusal !== 0) {
      if (version === 0) replies.sent(connection, writeLoginRefusal(reply, replyAt, unixMs, user));
      return refusal;
    }
    replies.sent(connection, writeLoginAnswer(version, reply, replyAt, unixMs, user));
    this.#letIn(connection, user);
    return 0;
  }

  #letIn(connection: number, user: number): void {
    const { host: { connections }, counters: { block, at }, plugins, pending } = this.#parts;
    connections.user[connection] = user;
    connections.phase[connection] = Phase.loggedIn;
    connections.hasLoggedIn[connection] = 1;
    block[at.logins]++;
    block[at.users]++;
    plugins.each("onLogin", (instance) => instance.onLogin!(connection, user));
    pending.ask(connection, 0);
  }
}
