/// <reference lib="dom" />
/** Asks the host whether they mean it. */
import { byId, setText } from "../page/elements.ts";

/** Shows a question with two buttons; resolves with whether it was a yes. */
export function ask(question: string, yes: string, no: string): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("ask");
  if (dialog.open) return Promise.resolve(false);
  setText(byId("ask-text"), question);
  setText(byId("ask-yes"), yes);
  setText(byId("ask-no"), no);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  dialog.returnValue = "";
  dialog.onclose = () => resolve(dialog.returnValue === "yes");
  byId("ask-yes").onclick = () => dialog.close("yes");
  byId("ask-no").onclick = () => dialog.close("no");
  dialog.showModal();
  byId("ask-no").focus();
  return promise;
}
