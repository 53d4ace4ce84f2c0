import { type HostContext, type OrderRequest, z } from "../../core/plugin/plugin.ts";
import type { KeptWaves, Releases } from "./releases.ts";
import { type Schedule, scheduleSchema } from "./schedule.ts";

const fixedSchema = z.strictObject({
  /** Of which tickets; others' schedules are of no account. */
  hash: z.string(),
  wave: z.string(),
  schedule: scheduleSchema,
  greetedMs: z.record(z.string(), z.number()),
});

/** What an operator's change of a wave comes to, whenever it is read. */
export type FixedChange = z.infer<typeof fixedSchema>;

/** How a redpkt has left the waves that didn't have changes as orders. */
const oldNoteSchema = z.strictObject({
  hash: z.string(),
  schedules: z.record(z.string(), scheduleSchema),
  greetedMs: z.record(z.string(), z.number()).default({}),
});

/** How earlier runs on this ledger left the waves: as the last change of each says. */
export function keptWaves(host: HostContext, hash: string): KeptWaves {
  const note = oldNoteSchema.safeParse(host.oldNote());
  const isOurs = note.success && note.data.hash === hash;
  const schedules = new Map<string, Schedule>(isOurs ? Object.entries(note.data.schedules) : []);
  let greetedMs = isOurs ? note.data.greetedMs : {};
  for (const order of host.orders()) {
    order.finish();
    const change = fixedSchema.parse(order.fixed);
    if (change.hash !== hash) continue;
    schedules.set(change.wave, change.schedule);
    greetedMs = change.greetedMs;
  }
  return { schedules, greetedMs: new Map(Object.entries(greetedMs)) };
}

/**
 * Changes of waves, one at a time: each is made out of what the one before has left, and is in force once it is durable,
 * never before.
 */
export class WaveChanges {
  readonly #host: HostContext;
  readonly #playing: () => Releases;
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: HostContext, playing: () => Releases) {
    this.#host = host;
    this.#playing = playing;
  }

  /** @param fix what the change comes to; may throw a `RouteError` */
  async place(request: OrderRequest & { body: { wave: string } }, fix: () => FixedChange): Promise<unknown> {
    this.#host.checkOrders(); // not behind one that waits for a disk that fails
    const placed = this.#last.then(() => this.#place(request, fix));
    this.#last = placed.catch(() => {}); // its operator hears of it
    return await placed;
  }

  async #place(request: OrderRequest & { body: { wave: string } }, fix: () => FixedChange): Promise<unknown> {
    const all = this.#playing();
    all.isChanging = true;
    try {
      const { order, isRepeated } = await this.#host.placeOrder(request, () => ({ fixed: fix() }));
      const player = all.players.find(({ wave }) => wave.name === request.body.wave);
      // Of tickets that this host had before.
      if (player === undefined) return { order: order.number, repeated: isRepeated };
      if (!isRepeated) {
        const { isStopped } = player.schedule;
        player.schedule = (order.fixed as FixedChange).schedule;
        if (player.schedule.isStopped) player.isOver = true;
        // What was stopped and isn't any more plays on, unless its leftover went back.
        else if (isStopped) player.isOver = all.isClosed(player);
        order.finish();
        this.#host.wakeUp();
      }
      const held = !this.#host.mayRelease();
      return { order: order.number, ...all.describe(player), repeated: isRepeated, held };
    } finally {
      all.isChanging = false;
    }
  }
}
