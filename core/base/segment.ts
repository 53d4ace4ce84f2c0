/** Which users a process plays, and which of them a worker: arithmetic only, so nobody has to deal them out. */

/** User ids from `first` to `last`, both included. */
export interface UserRange {
  readonly first: number;
  readonly last: number;
}

/** Part `index` (from 1) of `of`: the users whose id modulo `of` is `index` - 1. */
export interface Segment {
  readonly index: number;
  readonly of: number;
}

/** The users `first`, `first + stride`, ..., `count` of them. Inside a worker a user is a number below `count`. */
export interface UserSlice {
  readonly first: number;
  readonly stride: number;
  readonly count: number;
}

/** Highest user id: 32 bits on the wire. */
export const MAX_USER = 0xffff_ffff;

/** Reads `0-999` or `7`; undefined if the text isn't a range of user ids. */
export function parseUsers(text: string): UserRange | undefined {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= MAX_USER ? { first, last } : undefined;
}

/** Reads `3/17`; undefined if the text isn't part 1 to n of n. */
export function parseSegment(text: string): Segment | undefined {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  if (match === null) return undefined;
  const index = Number(match[1]);
  const of = Number(match[2]);
  return index >= 1 && index <= of ? { index, of } : undefined;
}

/** The users of a range that belong to a segment. */
export function sliceOf(range: UserRange, segment: Segment): UserSlice {
  const remainder = segment.index - 1;
  const first = range.first + (remainder - range.first % segment.of + segment.of) % segment.of;
  const count = first > range.last ? 0 : Math.floor((range.last - first) / segment.of) + 1;
  return { first, stride: segment.of, count };
}

/** The share of worker `worker` (from 0) of `workers`: every so many-th user of the process. */
export function workerSlice(slice: UserSlice, worker: number, workers: number): UserSlice {
  const count = Math.max(0, Math.ceil((slice.count - worker) / workers));
  return { first: slice.first + worker * slice.stride, stride: slice.stride * workers, count };
}

/** The id of a slice's user `index`. */
export function userIdOf(slice: UserSlice, index: number): number {
  return slice.first + index * slice.stride;
}

/** The number of a user in a slice, or -1 if they aren't in it. */
export function userIndexOf(slice: UserSlice, userId: number): number {
  const distance = userId - slice.first;
  if (distance < 0 || distance % slice.stride !== 0) return -1;
  const index = distance / slice.stride;
  return index < slice.count ? index : -1;
}
