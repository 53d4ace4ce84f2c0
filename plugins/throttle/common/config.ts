import { z } from "../../../core/plugin/plugin.ts";
import { CLASS_NAMES } from "./levels.ts";

const opcode = z.string().regex(/^\d+$/, "must be an opcode");

/** A rate that may be 0, for none. */
export const perS = (most: number): z.ZodNumber => z.number().min(0).max(most);

/** Most logins a minute of one user, and how many may come at once. */
export const loginRate = {
  userLoginsPerMinute: perS(1_000_000).min(1).default(60),
  userLoginBurst: z.int().min(1).max(1_000_000).default(20),
};

/** What an operator may set. */
export const config = z.strictObject({
  /** Most connections of the host, 0 for as many as it has room for; more are turned away in good order. */
  connections: z.int().min(0).max(100_000_000).default(0),
  /** Most new connections a second that the host takes, 0 for no limit; the others wait in the kernel's backlog. */
  acceptsPerS: perS(10_000_000).default(50_000),
  /** Most logins a second that the host answers; the others are told to come later. */
  loginsPerS: perS(10_000_000).min(1).default(100_000),
  ...loginRate,
  /** Most shakes a second that the host takes, shared over its SETs; unset, as good as no cap: the delay limits it. */
  hostPerS: z.number().min(1).max(100_000_000).default(100_000_000),
  /** Most frames a second of one connection, and how many may come at once. */
  connectionPerS: z.number().min(0.01).max(1_000_000).default(100),
  connectionBurst: z.number().min(1).max(1_000_000).default(200),
  /** The same of one user on all their connections; 0: as of one connection. */
  userPerS: perS(1_000_000).default(0),
  userBurst: perS(1_000_000).default(0),
  /** A request that waits longer than this in the queue tells of overload, in ms. */
  targetMs: z.number().min(1).max(10_000).default(20),
  /** The highest level that the measured delay may set; an operator may set any. */
  mostLevel: z.int().min(0).max(3).default(2),
  /** From level 2 on: most connections that are read in one pass of a loop. */
  readsPerPass: z.int().min(1).max(100_000).default(256),
  /** From level 2 on: a shake that waited longer is dropped unanswered, in ms. */
  staleMs: z.number().min(1).max(60_000).default(50),
  /** What the frames of an opcode are worth, by opcode; those not named are chat, 2 is a shake and 5 a claim. */
  priorities: z.record(opcode, z.enum(CLASS_NAMES)).default({}),
  /** How many frames one of an opcode counts for in its connection's and user's rate; a send and a chat for 20. */
  costs: z.record(opcode, z.number().min(1).max(10_000)).default({}),
});

export type ThrottleConfig = z.infer<typeof config>;
