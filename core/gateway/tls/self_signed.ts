import type { TlsPair } from "../../admin/http_server.ts";
import { parseAddress, parseIpv6 } from "../../os/address.ts";
import { bits, der, flags, integer, objectId, octets, sequence, set, truth, utcTime, utf8 } from "./der.ts";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const Extension = {
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
} as const;
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
/** Context-specific tags of a certificate, and of its names. */
const Tag = { version: 0xa0, extensions: 0xa3, dnsName: 0x82, address: 0x87 } as const;
const VERSION_3 = Uint8Array.of(2);
/** The digital signature, the first flag of a key's usage. */
const SIGNS = 0x80;
const DAY_MS = 86_400_000;
/** What phones take at most is 825 days. */
const DAYS = 397;
const SERIAL_BYTES = 16;

export interface SelfSignedOptions {
  /** Names and addresses by which phones will reach it. */
  readonly names: readonly string[];
  readonly wallMs: number;
  /** That nobody has used before: `systemBytes(16)`. */
  readonly serial: Uint8Array;
}

/**
 * Makes a certificate that nobody vouches for, for an evening on a network of one's own: browsers warn, and go on when
 * told to. Only with a certificate is a page secure enough to be told of a phone's motion.
 */
export async function makeSelfSigned({ names, wallMs, serial }: SelfSignedOptions): Promise<TlsPair> {
  const keys = await crypto.subtle.generateKey(EC, true, ["sign", "verify"]);
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const who = sequence(set(sequence(objectId(COMMON_NAME), utf8("redpkt"))));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const unsigned = sequence(
    der(Tag.version, integer(VERSION_3)),
    integer(serial.subarray(0, SERIAL_BYTES)),
    algorithm,
    who,
    sequence(utcTime(wallMs - DAY_MS), utcTime(wallMs + DAYS * DAY_MS)),
    who,
    publicKey,
    der(
      Tag.extensions,
      sequence(
        extension(Extension.basicConstraints, true, sequence()),
        extension(Extension.keyUsage, true, flags(SIGNS, 7)),
        extension(Extension.extendedKeyUsage, false, sequence(objectId(SERVER_AUTHENTICATION))),
        extension(Extension.alternativeNames, false, sequence(...names.map(alternativeName))),
      ),
    ),
  );
  const signed = new Uint8Array(await crypto.subtle.sign(EC, keys.privateKey, unsigned as BufferSource));
  const half = signed.length / 2;
  const signature = sequence(integer(signed.subarray(0, half)), integer(signed.subarray(half)));
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    cert: pem("CERTIFICATE", sequence(unsigned, algorithm, bits(signature))),
    key: pem("PRIVATE KEY", secret),
  };
}

function extension(id: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return sequence(objectId(id), ...(isCritical ? [truth()] : []), octets(value));
}

function alternativeName(name: string): Uint8Array {
  const ipv4 = parseAddress(name);
  if (ipv4 !== undefined) {
    return der(Tag.address, Uint8Array.of(ipv4 >>> 24, ipv4 >>> 16, ipv4 >>> 8, ipv4));
  }
  const ipv6 = parseIpv6(name);
  return ipv6 === undefined ? der(Tag.dnsName, new TextEncoder().encode(name)) : der(Tag.address, ipv6);
}

function pem(what: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`;
}
