import type { AskServer } from "./rehearsal.ts";

/** A wave of the plan, as its plugin tells of it. */
export interface WaveStatus {
  readonly wave: string;
  readonly state: "planned" | "waiting" | "playing" | "paused" | "over" | "stopped";
  readonly start: string;
  readonly end: string;
}

/** What a host does to a wave while an evening goes on; `move` has it begin at `start`, or in `inS` seconds. */
export interface WaveOrder {
  readonly action: "move" | "pause" | "resume" | "stop";
  readonly wave: string;
  readonly start?: string;
  readonly inS?: number;
}

/** What a plugin is to an evening of real people. */
export interface PluginEvening {
  /** Values of its config for people, who shake no faster than a hand can. */
  readonly settings?: Readonly<Record<string, number | string | boolean>>;
  /** The same of its part at the door where phones connect, and at the one where guests get their tokens. */
  readonly door?: Readonly<Record<string, unknown>>;
  readonly tokenDoor?: Readonly<Record<string, unknown>>;
  /** How the waves of the plan stand, and what changes them. */
  readonly waves?: {
    read(ask: AskServer): Promise<readonly WaveStatus[]>;
    /** @param key names the order, so that it is carried out once however often it is given */
    order(ask: AskServer, order: WaveOrder, key?: string): Promise<void>;
  };
}
