import type { KeyObject } from "node:crypto";
import { isSignedFor, type SigningKey } from "../../seed/file/keys.ts";
import { type HostList, MAX_LIST_BYTES, parseHostList, writeHostList } from "./host_list.ts";
import { LIST_PURPOSE, ListRefused, splitSigned } from "./split_signed.ts";

/** A list that was signed by somebody who is trusted. */
export interface SignedList {
  readonly list: HostList;
  readonly signer: string;
}

/** A list as it is sent: the list, a line feed, and who has signed it. */
export function signHostList(list: HostList, key: SigningKey): string {
  const body = writeHostList(list);
  const signature = key.signFor(LIST_PURPOSE, new TextEncoder().encode(body)).toBase64();
  return `${body}\n${JSON.stringify({ key: key.id, signature })}\n`;
}

/**
 * Reads a signed list and proves it.
 *
 * @param trusted public keys by id
 * @param before the list that counts now: an older one is refused
 * @throws ListRefused
 */
export function readSignedList(
  text: string,
  trusted: ReadonlyMap<string, KeyObject>,
  before?: HostList,
): SignedList {
  if (text.length > MAX_LIST_BYTES) throw new ListRefused("damaged", `has more than ${MAX_LIST_BYTES} bytes`);
  const { body, key, signature } = splitSigned(text);
  const known = trusted.get(key);
  if (known === undefined) throw new ListRefused("forged", `signed by ${key}, which is not trusted`);
  if (!isSignedFor(known, LIST_PURPOSE, new TextEncoder().encode(body), signature)) {
    throw new ListRefused("forged", `is not signed by ${key}, as it says`);
  }
  return { list: readBody(body, before), signer: key };
}

function readBody(body: string, before: HostList | undefined): HostList {
  let list: HostList;
  try {
    list = parseHostList(body);
  } catch (error) {
    throw new ListRefused("mistaken", (error as Error).message);
  }
  if (before !== undefined && list.event !== before.event) {
    throw new ListRefused("otherEvent", `is for event ${list.event}, not for ${before.event}`);
  }
  if (before !== undefined && list.version < before.version) {
    throw new ListRefused("older", `is version ${list.version}; ${before.version} is known`);
  }
  if (before !== undefined && list.version === before.version && body !== writeHostList(before)) {
    throw new ListRefused(
      "mistaken",
      `is another list of version ${list.version}: a change needs a version of its own`,
    );
  }
  return list;
}
