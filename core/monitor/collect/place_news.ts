import { isLost, type PlacedTarget } from "./places.ts";

/** How long news of a host waits for those of its neighbours: a cluster that is lost is one line. */
const GATHER_MS = 1_500;

/** Something to be marked. */
export interface PlaceNews {
  readonly kind: "event" | "trouble";
  readonly text: string;
}

interface Waiting {
  readonly target: PlacedTarget;
  readonly text: string;
  readonly isTrouble: boolean;
}

/** Gathers what happens to hosts of clusters, so that what happens to many at once is told once. */
export class PlaceNewsDesk {
  #waiting: Waiting[] = [];
  #sinceMs = 0;

  /** Something has happened to a host of a cluster; `text` says it of this one alone. */
  add(target: PlacedTarget, text: string, isTrouble: boolean, nowMs: number): void {
    if (this.#waiting.length === 0) this.#sinceMs = nowMs;
    this.#waiting.push({ target, text, isTrouble });
  }

  /** What is to be told now. */
  due(nowMs: number, all: readonly PlacedTarget[]): PlaceNews[] {
    if (this.#waiting.length === 0 || nowMs - this.#sinceMs < GATHER_MS) return [];
    const waiting = this.#waiting;
    this.#waiting = [];
    return [true, false].flatMap((isTrouble) => {
      const left = new Set(waiting.filter((news) => news.isTrouble === isTrouble));
      const kind = isTrouble ? "trouble" : "event";
      const together = (["city", "cluster"] as const).flatMap((level): PlaceNews[] =>
        [...new Set([...left].map(({ target }) => target.spec[level] ?? ""))].flatMap((name) => {
          const news = [...left].filter(({ target }) => target.spec[level] === name);
          const hosts = all.filter(({ spec }) => spec[level] === name);
          const isWhole = hosts.every((target) => isLost(target) === isTrouble);
          const told = new Set(news.map(({ target }) => target));
          if (name === "" || hosts.length < 2 || !isWhole || told.size < hosts.length) return [];
          for (const one of news) left.delete(one);
          return [{
            kind,
            text: `${level} ${name} is ${isTrouble ? "lost" : "back"}: all ${hosts.length} hosts`,
          }];
        })
      );
      return [...together, ...[...left].map(({ text }): PlaceNews => ({ kind, text }))];
    });
  }
}
