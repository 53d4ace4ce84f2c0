import { type HostContext, Result } from "../../../core/plugin/plugin.ts";
import { ShakeMessage } from "../common/messages.ts";

const WORDS = 6;

/** Opens that users of this host ask for and other hosts must do. The SET's user waits; nothing else does. */
export class OpensElsewhere {
  readonly #host: HostContext;
  /** Answers on their way to the SETs, oldest first. */
  readonly #answers: { readonly set: number; readonly words: Int32Array }[] = [];

  constructor(host: HostContext) {
    this.#host = host;
  }

  /** A SET asks: connection, its generation, user and packet. */
  open(set: number, words: Int32Array, at: number): void {
    const [connection, generation] = [words[at], words[at + 1]];
    const [user, packetId] = [words[at + 2] >>> 0, words[at + 3] >>> 0];
    const answer = (result: number, amountFen: number) => {
      const said = Int32Array.of(
        ShakeMessage.openedElsewhere,
        connection,
        generation,
        packetId,
        result,
        amountFen,
      );
      this.#answers.push({ set, words: said });
      this.#host.wakeUp();
    };
    const asked = this.#host.openElsewhere(user, packetId);
    if (asked === undefined) return answer(Result.unknownPacket, 0);
    void asked.then(({ result, amountFen }) => answer(result, amountFen));
  }

  /** Brings answers to their SETs; false if a mailbox is full and some must wait. */
  tell(): boolean {
    while (this.#answers.length > 0) {
      const { set, words } = this.#answers[0];
      if (!this.#host.post(set, words, WORDS)) return false;
      this.#answers.shift();
    }
    return true;
  }
}
