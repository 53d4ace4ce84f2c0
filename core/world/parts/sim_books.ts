import type { Random } from "../../base/random.ts";
import { BooksAway } from "../../books/contract/books_away.ts";
import type { Books } from "../../books/contract/books.ts";
import type { ModelBooks } from "../../books/model/model_books.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What the way to the books does to calls. */
export interface BooksWay {
  /** Least and most time of a way. */
  readonly delayMs: readonly [least: number, most: number];
  /** Part of the replies that are lost, 0 to 1. */
  lostReplies: number;
  isDown: boolean;
}

/** The model of books as programs reach it: late, away, and with replies that get lost after all was done. */
export class SimBooks {
  readonly model: ModelBooks;
  readonly way: BooksWay;
  readonly #time: VirtualTime;
  readonly #random: Random;

  constructor(model: ModelBooks, way: BooksWay, time: VirtualTime, random: Random) {
    this.model = model;
    this.way = way;
    this.#time = time;
    this.#random = random;
  }

  /** The books as one program sees them. @param isCut whether its own way to them is cut now */
  seenBy(isCut: () => boolean): Books {
    const { model } = this;
    const far = <T extends object>(part: T): T => this.#far(part, isCut);
    return {
      ...{ backend: model.backend, place: model.place, event: model.event },
      intake: far(model.intake),
      settlement: far(model.settlement),
      payments: far(model.payments),
      holds: far(model.holds),
      reissues: far(model.reissues),
      statements: model.statements,
      audits: model.audits,
      close: () => Promise.resolve(),
    };
  }

  /** The same part, each of whose calls travels. Those that give rows one by one aren't for programs that are far. */
  #far<T extends object>(part: T, isCut: () => boolean): T {
    return new Proxy(part, {
      get: (target, name) => {
        const found = Reflect.get(target, name);
        if (typeof found !== "function") return found;
        return (...args: unknown[]) => this.#call(() => found.apply(target, args), isCut);
      },
    });
  }

  async #call<T>(run: () => Promise<T>, isCut: () => boolean): Promise<T> {
    const isAway = () => this.way.isDown || isCut();
    await this.#travel();
    if (isAway()) throw new BooksAway("nobody is there");
    const result = await run();
    await this.#travel();
    const { lostReplies } = this.way;
    if (isAway() || (lostReplies > 0 && this.#random.float() < lostReplies)) {
      throw new BooksAway("the reply is lost");
    }
    return result;
  }

  async #travel(): Promise<void> {
    const [least, most] = this.way.delayMs;
    await this.#time.sleep(least + (most - least) * this.#random.float());
  }
}
