/** What must hold in every world; `INVARIANTS` says what each means. */
export const INVARIANT_NAMES = ["money", "limits", "once", "durable", "order", "told", "progress"] as const;

export type InvariantName = typeof INVARIANT_NAMES[number];
