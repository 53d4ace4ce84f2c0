import { type HostList, MAX_LIST_BYTES, parseHostList } from "./host_list.ts";
import { LIST_PURPOSE, ListRefused, splitSigned } from "./split_signed.ts";

/**
 * Reads a signed list and proves it.
 *
 * @param trusted public keys in PEM by their ids, as `redpkt hosts key` writes them
 * @throws ListRefused with the fault
 */
export async function readHosts(text: string, trusted: Readonly<Record<string, string>>): Promise<HostList> {
  if (text.length > MAX_LIST_BYTES) throw new ListRefused("damaged", `has more than ${MAX_LIST_BYTES} bytes`);
  const { body, key, signature } = splitSigned(text);
  if (!Object.hasOwn(trusted, key)) throw new ListRefused("forged", `signed by ${key}, which is not trusted`);
  const bytes = new TextEncoder().encode(`${LIST_PURPOSE}\n${body}`);
  const isGood = await crypto.subtle.verify("Ed25519", await publicKey(trusted[key]), signature, bytes)
    .catch(() => false);
  if (!isGood) throw new ListRefused("forged", `is not signed by ${key}, as it says`);
  try {
    return parseHostList(body);
  } catch (error) {
    throw new ListRefused("mistaken", (error as Error).message);
  }
}

function publicKey(pem: string): Promise<CryptoKey> {
  const der = atob(pem.replace(/-----[^-]+-----|\s/g, ""));
  const bytes = Uint8Array.from(der, (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("spki", bytes, "Ed25519", false, ["verify"]);
}
