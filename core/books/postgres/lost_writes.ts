/**
 * The client writes in a moment of its own, outside of any call. If the connection is lost just before, it throws where
 * nobody can catch it, and the process would end: porsager/postgres, `nextWrite` on a socket that is null. Whatever waits
 * for an answer would wait in vain, so it is told instead.
 */
const listeners = new Set<() => void>();
let isListening = false;

/** Calls `listener` when a write is lost, until the returned function is called. */
export function onLostWrite(listener: () => void): () => void {
  if (!isListening) {
    isListening = true;
    globalThis.addEventListener("error", (event) => {
      if (!isLostWrite(event.error)) return;
      event.preventDefault();
      for (const tell of [...listeners]) tell();
    });
  }
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function isLostWrite(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("null (reading 'write')") &&
    (error.stack ?? "").includes("nextWrite");
}
