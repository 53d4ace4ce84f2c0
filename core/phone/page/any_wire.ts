/** Whatever gets through: a WebSocket, or requests where that is refused. */
import type { Transport, WireEvents } from "../library/mod.ts";

/** A way that failed so often without ever coming up gives place to the next. */
const MOST_FAILURES = 2;

/** Takes the first way until it fails to come up, then the next, and stays with one that works. */
export function anyWire(ways: readonly Transport[]): Transport {
  let way = 0;
  let failures = 0;
  return (address, events) => {
    let hasOpened = false;
    const watched: WireEvents = {
      opened() {
        hasOpened = true;
        failures = 0;
        events.opened();
      },
      received: (bytes) => events.received(bytes),
      closed(code) {
        if (!hasOpened && ++failures === MOST_FAILURES) {
          way = (way + 1) % ways.length;
          failures = 0;
        }
        events.closed(code);
      },
    };
    return ways[way](address, watched);
  };
}
