import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import { hex, KEY_ID_BYTES, signedBytes } from "./format.ts";

/** Within a folder of keys: the one that signs, and one file for each that is trusted. */
const SIGNING_FILE = "signing.pem";
const TRUSTED_FOLDER = "trusted";

/** A private key that signs seed files, and other things for purposes of their own. */
export interface SigningKey {
  readonly id: string;
  readonly idBytes: Uint8Array;
  sign(root: Uint8Array): Uint8Array;
  /** @param purpose stands in front of what is signed, so that no signature passes for one of something else */
  signFor(purpose: string, bytes: Uint8Array): Uint8Array;
}

/**
 * A folder of keys: `signing.pem` where seed files are made, and `trusted/ID.pem` with the public keys of those whose files
 * are taken. Access hosts get `trusted/` alone.
 */
export class KeyFolder {
  readonly path: string;
  readonly #command: string;

  /** @param command what a user says to make keys there, for messages */
  constructor(path: string, command = "redpkt seed key") {
    this.path = path;
    this.#command = command;
  }

  /**
   * Makes a key that signs from now on, and trusts it.
   *
   * @param replaces whether there is one already; its files stay trusted until `distrust`
   * @returns the new key's id
   * @throws UserError
   */
  make(replaces: boolean): string {
    const has = exists(this.#signing);
    if (has && !replaces) {
      throw new UserError(`${this.#signing}: exists already. Replace it with: ${this.#command} rotate`);
    }
    if (!has && replaces) throw new UserError(`${this.#signing}: there is none yet: ${this.#command} new`);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const id = this.trust(publicKey.export({ type: "spki", format: "pem" }) as string, "the new key");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    writing(this.#signing, () => {
      // Complete under another name first: a half-written key would lose the old one too.
      Deno.writeTextFileSync(`${this.#signing}.new`, pem, { mode: 0o600 });
      Deno.renameSync(`${this.#signing}.new`, this.#signing);
    });
    return id;
  }

  /**
   * Takes files that were signed by this key's owner from now on.
   *
   * @param pem a public key, PEM
   */
  trust(pem: string, place: string): string {
    const key = publicKeyOf(pem, place);
    const id = hex(keyIdOf(key));
    const path = `${this.path}/${TRUSTED_FOLDER}/${id}.pem`;
    writing(path, () => {
      Deno.mkdirSync(`${this.path}/${TRUSTED_FOLDER}`, { recursive: true });
      Deno.writeTextFileSync(path, key.export({ type: "spki", format: "pem" }) as string);
    });
    return id;
  }

  /** Takes no file of this key any more, even if it was made before. */
  distrust(id: string): void {
    const path = `${this.path}/${TRUSTED_FOLDER}/${id}.pem`;
    if (!/^[0-9a-f]{16}$/.test(id) || !exists(path)) {
      throw new UserError(`${id}: is not trusted. See ${this.#command} list`);
    }
    writing(path, () => Deno.removeSync(path));
  }

  /** The keys that are trusted, by id. */
  trusted(): Map<string, KeyObject> {
    const keys = new Map<string, KeyObject>();
    const folder = `${this.path}/${TRUSTED_FOLDER}`;
    if (!exists(folder)) return keys;
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".pem")) continue;
      const key = publicKeyOf(Deno.readTextFileSync(`${folder}/${name}`), `${folder}/${name}`);
      keys.set(hex(keyIdOf(key)), key);
    }
    return keys;
  }

  /** The key that signs; undefined if there is none. */
  signing(): SigningKey | undefined {
    if (!exists(this.#signing)) return undefined;
    let key: KeyObject;
    try {
      key = createPrivateKey(Deno.readTextFileSync(this.#signing));
    } catch (error) {
      throw new UserError(`${this.#signing}: is no private key: ${(error as Error).message}`);
    }
    const idBytes = keyIdOf(createPublicKey(key as unknown as Parameters<typeof createPublicKey>[0]));
    return {
      id: hex(idBytes),
      idBytes,
      sign: (root) => sign(null, signedBytes(root), key),
      signFor: (purpose, bytes) => sign(null, purposeBytes(purpose, bytes), key),
    };
  }

  get #signing(): string {
    return `${this.path}/${SIGNING_FILE}`;
  }
}

/** Whether a signature of a root digest is this key's. */
export function isSignedBy(key: KeyObject, root: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, signedBytes(root), key, signature);
}

/** The same of what {@linkcode SigningKey.signFor} has signed. */
export function isSignedFor(
  key: KeyObject,
  purpose: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(null, purposeBytes(purpose, bytes), key, signature);
}

function purposeBytes(purpose: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([new TextEncoder().encode(`${purpose}\n`), bytes]);
}

/** The first 8 bytes of the SHA-256 of the public key in DER. */
function keyIdOf(key: KeyObject): Uint8Array {
  const der = key.export({ type: "spki", format: "der" }) as Uint8Array;
  return createHash("sha256").update(der).digest().subarray(0, KEY_ID_BYTES);
}

function publicKeyOf(pem: string, place: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Said below.
  }
  throw new UserError(`${place}: is no ed25519 public key in PEM`);
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UserError(
      `${path}: cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
