import { AssertionFailed } from "../../base/assert.ts";
import { UserError } from "../../base/user_error.ts";
import {
  type Admission,
  ADMIT,
  type AnyPlugin,
  type FrameHandler,
  type PluginInstance,
  type RefusalHandler,
} from "../../plugin/plugin.ts";
import { Opcode } from "../../wire/codes.ts";
import { Opcode1 } from "../../wire/v1/frames.ts";
import { type FrameTable, MAX_OPCODE } from "../../wire/frame_table.ts";
import type { Replies } from "./replies.ts";

/** What a SET answers itself. */
const CORE_OPCODES: ReadonlySet<number> = new Set([
  Opcode.loginRequest,
  Opcode1.login,
  Opcode1.ping,
  Opcode1.delivered,
  Opcode1.carry,
]);

/** What a plugin asks to be called for: ticks, and answers. */
export interface PluginAsks {
  tickAt(this: void, monotonicMs: number): void;
  followAnswers(this: void, isFollowing: boolean): void;
}

/** What the plugins of a SET need of it. */
export interface SetPluginsParts {
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
  /** What the frame cursor accepts; the plugins add their frames. */
  readonly frames: FrameTable;
  /** Makes a plugin's instance. */
  create(plugin: number, asks: PluginAsks): PluginInstance;
  /** A plugin has thrown, and is disabled. */
  failed(plugin: number, error: unknown): void;
}

/**
 * The plugins of one SET: their instances, who handles which opcode, and who wants to be called when. Everything of
 * theirs is called from here, so that one that throws is disabled and takes nobody with it.
 */
export class SetPlugins {
  readonly #parts: SetPluginsParts;
  readonly #instances: (PluginInstance | null)[];
  readonly #handlers: (FrameHandler | undefined)[] = new Array(MAX_OPCODE).fill(undefined);
  readonly #refusals: (RefusalHandler | undefined)[] = new Array(MAX_OPCODE).fill(undefined);
  readonly #pluginOfOpcode = new Int8Array(MAX_OPCODE).fill(-1);
  #admitting: { readonly plugin: number; readonly instance: PluginInstance }[] = [];
  #following: { readonly plugin: number; readonly instance: PluginInstance }[] = [];
  readonly #nextTickMs: Float64Array;
  /** Whether a plugin wants to add to answers now. */
  isFollowed = false;

  /** @throws UserError if two plugins claim the same opcode */
  constructor(parts: SetPluginsParts) {
    this.#parts = parts;
    this.#nextTickMs = new Float64Array(parts.plugins.length).fill(Infinity);
    this.#instances = parts.plugins.map((_, plugin) =>
      parts.create(plugin, {
        tickAt: (monotonicMs) => this.tickAt(plugin, monotonicMs),
        followAnswers: (isFollowing) => this.followAnswers(plugin, isFollowing),
      })
    );
    this.#instances.forEach((instance, plugin) => this.#bind(instance!, plugin));
  }

  /** Who answers a frame of this opcode, or undefined. */
  handlerOf(opcode: number): FrameHandler | undefined {
    return this.#handlers[opcode];
  }

  /** Who answers it when it was not admitted, or undefined. */
  refusalOf(opcode: number): RefusalHandler | undefined {
    return this.#refusals[opcode];
  }

  /** The first plugin with this hook, or -1. */
  indexOf(hook: keyof PluginInstance): number {
    return this.#instances.findIndex((instance) => instance?.[hook] !== undefined);
  }

  /** `ADMIT` if every plugin admits the frame; otherwise what the first says that doesn't. */
  admit(connection: number, opcode: number, nowMs: number, waitedMs: number, leftMs: number): Admission {
    for (let i = 0; i < this.#admitting.length; i++) {
      const { plugin, instance } = this.#admitting[i];
      try {
        const admission = instance.admit!(connection, opcode, nowMs, waitedMs, leftMs);
        if (admission !== ADMIT) return admission;
      } catch (error) {
        this.#fail(plugin, error);
      }
    }
    return ADMIT;
  }

  /** 0 if every plugin lets the user in; otherwise the close code of the first that doesn't. */
  admitLogin(connection: number, user: number, nowMs: number): number {
    for (let plugin = 0; plugin < this.#instances.length; plugin++) {
      if (this.#instances[plugin]?.admitLogin === undefined) continue;
      const code = this.call(plugin, (instance) => instance.admitLogin!(connection, user, nowMs)) ?? 0;
      if (code !== 0) return code;
    }
    return 0;
  }

  /**
   * Lets a handler answer; returns its intent, or undefined if it threw.
   *
   * @param retryAfterMs of a refused frame: when it may come again, in ms
   */
  answer(
    handler: RefusalHandler,
    connection: number,
    opcode: number,
    request: DataView,
    at: number,
    reply: DataView,
    replyAt: number,
    nowMs: number,
    retryAfterMs: number,
  ): number | undefined {
    try {
      return handler(connection, request, at, reply, replyAt, nowMs, retryAfterMs);
    } catch (error) {
      this.#fail(this.#pluginOfOpcode[opcode], error);
      return undefined;
    }
  }

  /** Calls a hook of every plugin that has it. */
  each(hook: keyof PluginInstance, run: (instance: PluginInstance) => void): void {
    for (let plugin = 0; plugin < this.#instances.length; plugin++) {
      if (this.#instances[plugin]?.[hook] !== undefined) this.call(plugin, run);
    }
  }

  /** Calls one plugin; returns what it does, or undefined if it threw or is disabled. */
  call<T>(plugin: number, run: (instance: PluginInstance) => T): T | undefined {
    const instance = this.#instances[plugin];
    if (instance === null) return undefined;
    try {
      return run(instance);
    } catch (error) {
      this.#fail(plugin, error);
      return undefined;
    }
  }

  /** Whether a plugin's `onAnswer` is called from now on. */
  followAnswers(plugin: number, isFollowing: boolean): void {
    const others = this.#following.filter((entry) => entry.plugin !== plugin);
    const instance = this.#instances[plugin];
    this.#following = isFollowing && instance !== null ? [...others, { plugin, instance }] : others;
    this.isFollowed = this.#following.length > 0;
  }

  /** Lets the plugins that follow answers send what goes with one. False if the peer reads too slowly. */
  addToAnswer(connection: number, replies: Replies, nowMs: number): boolean {
    for (const { plugin, instance } of this.#following) {
      const at = replies.room(connection);
      if (at < 0) return false;
      try {
        const size = instance.onAnswer!(connection, replies.view, at, nowMs);
        if (size > 0) replies.sent(connection, size);
      } catch (error) {
        this.#fail(plugin, error);
      }
    }
    return true;
  }

  /** A plugin wants its tick at this monotonic time, or earlier if it has asked for that before. */
  tickAt(plugin: number, monotonicMs: number): void {
    this.#nextTickMs[plugin] = Math.min(this.#nextTickMs[plugin], monotonicMs);
  }

  /** Calls the ticks that are due; returns the monotonic time of the next. */
  tick(nowMs: number): number {
    let next = Infinity;
    for (let plugin = 0; plugin < this.#instances.length; plugin++) {
      if (this.#nextTickMs[plugin] <= nowMs) {
        this.#nextTickMs[plugin] = Infinity;
        // A tick may ask for another one by `tickAt`, too.
        this.tickAt(plugin, this.call(plugin, (instance) => instance.onTick?.(nowMs)) ?? Infinity);
      }
      next = Math.min(next, this.#nextTickMs[plugin]);
    }
    return next;
  }

  #bind(instance: PluginInstance, plugin: number): void {
    const { plugins, frames } = this.#parts;
    for (const [key, rule] of Object.entries(instance.frames ?? {})) {
      const opcode = Number(key);
      if (this.#handlers[opcode] !== undefined || CORE_OPCODES.has(opcode)) {
        const { name } = plugins[plugin].plugin;
        const other = plugins[this.#pluginOfOpcode[opcode]]?.plugin.name ?? "the core";
        throw new UserError(`plugin ${name}: opcode ${opcode} belongs to ${other} already. Choose another`);
      }
      const [minBytes, maxBytes] = typeof rule.bytes === "number" ? [rule.bytes, rule.bytes] : rule.bytes;
      frames.allow(opcode, minBytes, maxBytes);
      this.#handlers[opcode] = rule.handle;
      this.#refusals[opcode] = rule.refuse;
      this.#pluginOfOpcode[opcode] = plugin;
    }
    if (instance.admit !== undefined) this.#admitting.push({ plugin, instance });
    if (instance.onTick !== undefined) this.tickAt(plugin, 0);
  }

  #fail(plugin: number, error: unknown): void {
    if (error instanceof AssertionFailed) throw error; // our own fault stops loudly
    this.#instances[plugin] = null;
    this.#nextTickMs[plugin] = Infinity;
    this.followAnswers(plugin, false);
    this.#admitting = this.#admitting.filter((entry) => entry.plugin !== plugin);
    for (let opcode = 0; opcode < MAX_OPCODE; opcode++) {
      if (this.#pluginOfOpcode[opcode] !== plugin) continue;
      this.#handlers[opcode] = this.#refusals[opcode] = undefined;
    }
    this.#parts.failed(plugin, error);
  }
}
