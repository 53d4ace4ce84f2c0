import { BUCKET_COUNT, bucketOf } from "../../counters/histogram.ts";

/** What is counted of each minute of the evening, as its users saw it. */
export const MINUTE_COLUMNS = [
  "shakes",
  "won",
  "wonFen",
  "nothing",
  "allGone",
  "overloaded",
  "toldAgain",
  "logins",
  "loginsRefused",
  "left",
] as const;
export type MinuteColumn = typeof MINUTE_COLUMNS[number];

const COLUMNS = MINUTE_COLUMNS.length;
/** Offsets of the columns within a minute. */
export const At = Object.fromEntries(MINUTE_COLUMNS.map((name, i) => [name, i])) as Record<
  MinuteColumn,
  number
>;

/** What is known of a group of tickets: as users were told, and as the ledgers say. */
export const GROUP_COLUMNS = [
  "tickets",
  "madeFen",
  "told",
  "toldFen",
  "awards",
  "awardedFen",
  "poolFen",
  "returnedFen",
  "refusedByUserLimit",
  "refusedBySponsorLimit",
] as const;
export type GroupColumn = typeof GROUP_COLUMNS[number];

/** What the hosts' own counters say, over all hosts, and what must be nothing. */
export const HOST_COLUMNS = [
  "framesIn",
  "wonByHosts",
  "wonFenByHosts",
  "userFen",
  "poolFen",
  "returnedFen",
  "sourceFen",
  "wrongWins",
  "unanswered",
  "pluginFailures",
] as const;
export type HostColumn = typeof HOST_COLUMNS[number];

/** What was counted of an evening, or of a part of it, in plain arrays that travel between threads and add up. */
export class ReplaySums {
  readonly minutes: Float64Array;
  /** By group of the plan: wave by wave, and in each its sponsors. */
  readonly groups: Float64Array;
  readonly hosts: Float64Array;
  /** How long shakes waited for the host to read them, and winners for their award, in us. */
  readonly readWaitUs: Float64Array;
  readonly awardWaitUs: Float64Array;
  /** Where the present minute's counts begin. */
  base = 0;

  constructor(minutes: number, groups: number) {
    this.minutes = new Float64Array(minutes * COLUMNS);
    this.groups = new Float64Array(groups * GROUP_COLUMNS.length);
    this.hosts = new Float64Array(HOST_COLUMNS.length);
    this.readWaitUs = new Float64Array(BUCKET_COUNT);
    this.awardWaitUs = new Float64Array(BUCKET_COUNT);
  }

  /** From now on this minute is counted. */
  set minute(minute: number) {
    this.base = Math.min(minute, this.minutes.length / COLUMNS - 1) * COLUMNS;
  }

  /** So many shakes waited so long to be read. */
  readWaited(waitMs: number, shakes: number): void {
    this.readWaitUs[bucketOf(Math.min(0xffff_ffff, Math.round(waitMs * 1000)))] += shakes;
  }

  addToGroup(group: number, column: GroupColumn, by: number): void {
    this.groups[group * GROUP_COLUMNS.length + GROUP_COLUMNS.indexOf(column)] += by;
  }

  addToHosts(column: HostColumn, by: number): void {
    this.hosts[HOST_COLUMNS.indexOf(column)] += by;
  }

  /** Adds what another thread has counted. */
  add(other: Pick<ReplaySums, "minutes" | "groups" | "hosts" | "readWaitUs" | "awardWaitUs">): void {
    for (const name of ["minutes", "groups", "hosts", "readWaitUs", "awardWaitUs"] as const) {
      const [sum, more] = [this[name], other[name]];
      for (let i = 0; i < sum.length; i++) sum[i] += more[i];
    }
  }

  /** A column of one minute. */
  inMinute(minute: number, column: MinuteColumn): number {
    return this.minutes[minute * COLUMNS + At[column]];
  }

  /** A column over the whole evening. */
  total(column: MinuteColumn): number {
    let sum = 0;
    for (let at = At[column]; at < this.minutes.length; at += COLUMNS) sum += this.minutes[at];
    return sum;
  }

  ofGroup(group: number, column: GroupColumn): number {
    return this.groups[group * GROUP_COLUMNS.length + GROUP_COLUMNS.indexOf(column)];
  }

  ofHosts(column: HostColumn): number {
    return this.hosts[HOST_COLUMNS.indexOf(column)];
  }

  get groupCount(): number {
    return this.groups.length / GROUP_COLUMNS.length;
  }

  get minuteCount(): number {
    return this.minutes.length / COLUMNS;
  }
}
