/** What can go wrong in a world; `FAULTS` says what each does. The order is part of every seed: new ones come last. */
export const FAULT_KINDS = [
  "kill",
  "powerLoss",
  "tornWrite",
  "diskFull",
  "lyingDisk",
  "lostDisk",
  "clockStep",
  "clockDrift",
  "cutUsers",
  "cutBooks",
  "cutBus",
  "slowLink",
  "booksDown",
  "booksLossy",
  "busLossy",
  "busDown",
  "busForgets",
  "gatewayBad",
  "cheats",
  "wrongButton",
] as const;

export type FaultKind = typeof FAULT_KINDS[number];
