/** One event of a `text/event-stream`. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Longest line and longest event that are read, in characters: what goes on for longer is no snapshot. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/** The peer sends something that is no event stream. */
export class NoEventStream extends Error {
  override name = "NoEventStream";
}

/** Cuts the text of a `text/event-stream` into events, whatever the pieces it arrives in. */
export class EventStreamParser {
  #rest = "";
  #event = "";
  #id = "";
  #data: string[] = [];
  #dataChars = 0;

  /**
   * Takes the next piece.
   *
   * @returns the events that it completes
   * @throws NoEventStream if a line or an event never ends
   */
  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const all = this.#rest + text;
    let at = 0;
    for (let end = all.indexOf("\n"); end >= 0; end = all.indexOf("\n", at)) {
      const line = all.slice(at, all.charCodeAt(end - 1) === 13 && end > at ? end - 1 : end);
      at = end + 1;
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    this.#rest = all.slice(at);
    if (this.#rest.length + this.#dataChars > MAX_EVENT_CHARS) {
      throw new NoEventStream(`an event of more than ${MAX_EVENT_CHARS} characters`);
    }
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#event = value;
    else if (field === "id") this.#id = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length;
    }
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const data = this.#data.join("\n");
    const event: StreamEvent = { event: this.#event || "message", id: this.#id, data };
    const isEmpty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    this.#dataChars = 0;
    return isEmpty ? undefined : event;
  }
}
