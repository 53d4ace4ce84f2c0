/** Asks a route of the server's admin API, and resolves with its answer. */
export type AskServer = <T>(
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<T>;

/** What a rehearsal plays, as far as a plugin's config may follow it. */
export interface RehearsedEvent {
  readonly users: number;
  /** Shakes a second of all users together, at the highest of any phase. */
  readonly shakesPerS: number;
}

/** What a scenario may ask of a server. For each of these that a plugin has, it is the one that is asked. */
export interface RehearsalOrders {
  /** Makes packets for shakes, so many a second. */
  packets?(
    ask: AskServer,
    order: {
      readonly ratePerS: number;
      readonly total: number;
      readonly minFen: number;
      readonly maxFen: number;
    },
  ): Promise<void>;
  /** Begins a wave of the plan now. */
  wave?(ask: AskServer, name: string): Promise<void>;
  /** Tells users when to shake, from now on. */
  cue?(ask: AskServer, order: { readonly inS: number; readonly lengthS: number }): Promise<void>;
  /** Tells users how often to shake: the least time between two, what chance adds, and pauses after "overloaded". */
  policy?(
    ask: AskServer,
    order: {
      readonly minShakeMs: number;
      readonly jitterMs: number;
      readonly retryFirstMs: number;
      readonly retryMostMs: number;
    },
  ): Promise<void>;
  /** Puts users into groups of so many, in order of their ids. */
  groups?(ask: AskServer, order: { readonly users: number; readonly groupSize: number }): Promise<void>;
  /** Gives each user so much; resolves when all have it. */
  funds?(ask: AskServer, order: { readonly users: number; readonly amountFen: number }): Promise<void>;
  /** Sends packets to users, from the host. */
  sends?(
    ask: AskServer,
    order: {
      readonly users: number;
      readonly ratePerS: number;
      readonly amountFen: number;
      readonly total: number;
    },
  ): Promise<void>;
}

/** What a plugin is to a rehearsal. */
export interface PluginRehearsal extends RehearsalOrders {
  /** Values of its config that a rehearsal begins with; a scenario's own count more. */
  settings?(event: RehearsedEvent): Readonly<Record<string, number | string>>;
  /** Columns of `series.csv`, with the counters of the server whose growth they show. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Counters of the server that say what users were given for shakes: the fleet must have heard of as much. */
  readonly won?: { readonly packets: string; readonly fen: string };
}
