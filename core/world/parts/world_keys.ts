import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Random } from "../../base/random.ts";
import { KeyFolder, type SigningKey } from "../../seed/file/keys.ts";

/** In front of the 32 bytes of an Ed25519 key, as PKCS #8 has it. */
const PKCS8_PREFIX = "302e020100300506032b657004220420";
const KEY_BYTES = 32;

/** Keys out of a seed, so that what they sign is the same in every run. Nobody else may ever trust them. */
export class WorldKeys {
  readonly director: SigningKey;
  readonly second: SigningKey;
  readonly trusted: ReadonlyMap<string, KeyObject>;

  /** @param folder where their files are put */
  constructor(folder: string, random: Random) {
    const folders = ["director", "second"].map((name) => new KeyFolder(`${folder}/${name}`));
    for (const keys of folders) make(keys, random);
    [this.director, this.second] = folders.map((keys) => keys.signing()!);
    this.trusted = new Map(folders.flatMap((keys) => [...keys.trusted()]));
  }
}

function make(folder: KeyFolder, random: Random): void {
  const bytes = Uint8Array.from({ length: KEY_BYTES }, () => random.below(256));
  const der = Buffer.concat([Buffer.from(PKCS8_PREFIX, "hex"), bytes]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key as unknown as Parameters<typeof createPublicKey>[0]);
  folder.trust(publicKey.export({ type: "spki", format: "pem" }) as string, "a world's key");
  Deno.writeTextFileSync(
    `${folder.path}/signing.pem`,
    key.export({ type: "pkcs8", format: "pem" }) as string,
  );
}
