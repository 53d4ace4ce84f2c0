/** What an interface carried since the machine started; `lo` is one like the others. */
export interface DeviceCounts {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly txBytes: number;
  readonly txPackets: number;
}

export type DeviceTable = Readonly<Record<string, DeviceCounts>>;

/** Where Linux counts what each interface carries. */
const DEVICE_FILE = "/proc/net/dev";

/** Reads the interfaces of this machine; undefined where that can't be had (not Linux, or no permission). */
export function readDevices(): DeviceTable | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    // Asked first: without the permission the read would stop and ask whoever sits at the terminal.
    if (Deno.permissions.querySync({ name: "read", path: DEVICE_FILE }).state !== "granted") return undefined;
    return parseDevices(Deno.readTextFileSync(DEVICE_FILE));
  } catch {
    return undefined;
  }
}

/** Reads the text of `/proc/net/dev`: two lines of heading, then `name: 8 numbers received, 8 numbers sent`. */
export function parseDevices(text: string): DeviceTable {
  const table: Record<string, DeviceCounts> = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const numbers = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (numbers.length < 16 || numbers.some(Number.isNaN)) continue;
    const [rxBytes, rxPackets, , , , , , , txBytes, txPackets] = numbers;
    table[line.slice(0, colon).trim()] = { rxBytes, rxPackets, txBytes, txPackets };
  }
  return table;
}

/** What each interface carried between two readings; those that carried nothing are left out. */
export function deviceGrowth(now: DeviceTable, before: DeviceTable): DeviceTable {
  const growth: Record<string, DeviceCounts> = {};
  for (const [name, counts] of Object.entries(now)) {
    const last = before[name];
    // An interface that is new, or was made anew and counts from 0: its first second is not told.
    if (last === undefined || counts.rxBytes < last.rxBytes || counts.txBytes < last.txBytes) continue;
    if (counts.rxPackets === last.rxPackets && counts.txPackets === last.txPackets) continue;
    growth[name] = {
      rxBytes: counts.rxBytes - last.rxBytes,
      rxPackets: counts.rxPackets - last.rxPackets,
      txBytes: counts.txBytes - last.txBytes,
      txPackets: counts.txPackets - last.txPackets,
    };
  }
  return growth;
}
