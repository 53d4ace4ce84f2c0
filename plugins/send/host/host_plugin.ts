import {
  EMPTY_ENTRY,
  EntryKind,
  type EntryVerdict,
  type HostContext,
  ownerSet,
  type PluginControl,
  type PluginRoute,
  RouteError,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { HostSends, type HostSendsOrder, hostSendsSchema } from "./host_sends.ts";
import { SendMessage } from "../common/messages.ts";
import type { SendConfig } from "../common/config.ts";

/** How often what is due is sent, in ms. */
const SEND_MS = 5;
/** Most members of one group. */
const MOST_MEMBERS = 100_000;

const user = z.int().min(0).max(0xffff_ffff);
const range = z.tuple([user, user]).refine(([first, last]) => first <= last, "must be first and last user");

const groupsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      group: z.int().min(1).max(0xffff_ffff),
      /** The members one by one, or first and last of them; none removes the group. */
      members: z.array(user).max(MOST_MEMBERS).optional(),
      users: range.optional(),
    }).refine(
      ({ members, users }) => (members === undefined) !== (users === undefined),
      "give members or users",
    ).refine(({ users }) => users === undefined || users[1] - users[0] < MOST_MEMBERS, {
      error: `must be at most ${MOST_MEMBERS} users`,
      path: ["users"],
    }),
  ).min(1).max(100_000),
});

const fundSchema = z.strictObject({
  /** First and last user, who each get the amount out of `source`. */
  users: range,
  amountFen: z.int().min(1).max(1_000_000_000_000),
});

type GroupsOrder = z.infer<typeof groupsSchema>;
type FundOrder = z.infer<typeof fundSchema>;

/** The half of `send` on the main thread: groups, money for rehearsals, and the sends that the host itself makes. */
export class SendHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #config: SendConfig;
  readonly #sends: HostSends[] = [];
  #isDraining = false;

  constructor(host: HostContext, config: SendConfig) {
    this.#host = host;
    this.#config = config;
    this.routes = [{
      method: "post",
      path: "/groups",
      summary: "Makes groups or changes their members; one without members is removed",
      body: groupsSchema,
      handle: ({ body }) => this.#setGroups(body as GroupsOrder),
    }, {
      method: "get",
      path: "/groups",
      summary: "All groups and how many members each has",
      handle: () => this.#listGroups(),
    }, {
      method: "post",
      path: "/fund",
      summary: "Gives each user of a range money to send; with an Idempotency-Key only once",
      body: fundSchema,
      handle: ({ body, header }) => this.#fund(body as FundOrder, header("idempotency-key")),
    }, {
      method: "post",
      path: "/sends",
      summary: "Lets the host itself send packets, each to three users of a range",
      body: hostSendsSchema,
      handle: ({ body }) => this.#startSends(body as HostSendsOrder),
    }, {
      method: "get",
      path: "/sends",
      summary: "What was sent and claimed so far",
      handle: () => this.status(),
    }];
  }

  status(): Record<string, number> {
    const total = (name: string) => this.#host.total(name);
    return {
      packets: total("sendPackets"),
      hostPackets: total("sendHostPackets"),
      claimsPaid: total("sendClaimsPaid"),
      claimedFen: total("sendClaimedFen"),
      returnedFen: total("sendReturnedFen"),
      notices: total("sendNotices"),
    };
  }

  onTick(nowMs: number): number {
    if (this.#isDraining) return Infinity;
    for (const sends of this.#sends) sends.tick(nowMs);
    return this.#sends.every(({ isDone }) => isDone) ? Infinity : nowMs + SEND_MS;
  }

  onDrain(): void {
    this.#isDraining = true;
  }

  async #setGroups({ groups }: GroupsOrder): Promise<unknown> {
    this.#checkReady();
    const verdicts = await Promise.all(groups.map(async ({ group, members, users }) => {
      const body = members === undefined ? usersOf(users!) : Uint32Array.from(members);
      const { verdict } = await this.#enter(EntryKind.group, { packetId: group, count: body.length }, body);
      if (verdict === Verdict.done) await this.#tellChanged(group);
      return verdict;
    }));
    return { changed: verdicts.filter((verdict) => verdict === Verdict.done).length };
  }

  async #listGroups(): Promise<unknown> {
    this.#checkReady();
    const groups: { group: number; members: number }[] = [];
    for (let after = 0;;) {
      const { payload } = await this.#enter(EntryKind.nextGroup, { packetId: after });
      after = payload[0] >>> 0;
      if (after === 0) return { groups };
      groups.push({ group: after, members: payload[1] });
    }
  }

  async #fund({ users, amountFen }: FundOrder, key: string | undefined): Promise<unknown> {
    this.#checkReady();
    const order = key === undefined ? this.#host.random.between(1, 0xffff_ffff) : hash(key);
    // Upwards, as the ledger demands it, so that one that was broken off goes on where it ended.
    const verdicts = await Promise.all(
      Array.from(usersOf(users), (user) => this.#enter(EntryKind.fund, { user, amountFen, tag: order })),
    );
    const refused = verdicts.find(({ verdict }) => verdict === Verdict.refused);
    if (refused !== undefined) throw new RouteError(422, `the ledger refuses it (${refused.detail})`);
    return { funded: verdicts.filter(({ verdict }) => verdict === Verdict.done).length };
  }

  #startSends(order: HostSendsOrder): unknown {
    this.#checkReady();
    this.#sends.push(new HostSends(this.#host, this.#config, order, this.#host.monotonicMs()));
    this.#host.log("sends ordered", { ...order });
    this.#host.wakeUp();
    return { order: this.#sends.length };
  }

  #checkReady(): void {
    if (this.#isDraining) throw new RouteError(503, "the server drains: nothing new is made");
    if (!this.#host.isLedgerReady()) {
      throw new RouteError(503, "the ledger is still being read: try again once /ready says so");
    }
  }

  /** A group's owner forgets what it knew, so that chats go to its present members. */
  async #tellChanged(group: number): Promise<void> {
    const words = Int32Array.of(SendMessage.groupChanged, group);
    while (!this.#host.post(ownerSet(group, this.#host.setCount), words, 2)) {
      // As long as a question to the ledger takes, the worker reads its mailbox.
      await this.#enter(EntryKind.nextGroup, {});
    }
  }

  #enter(
    kind: number,
    fields: { user?: number; packetId?: number; amountFen?: number; count?: number; tag?: number },
    body?: Uint32Array,
  ): Promise<EntryVerdict> {
    return this.#host.enter({ ...EMPTY_ENTRY, kind, ...fields }, body);
  }
}

function usersOf([first, last]: readonly [number, number]): Uint32Array {
  return Uint32Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** FNV-1a: the number of an order by its key, never 0. */
function hash(key: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0 || 1;
}
