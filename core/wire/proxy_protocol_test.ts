import assert from "node:assert/strict";
import { Random } from "../base/random.ts";
import { formatAddress, parseAddress } from "../os/address.ts";
import { crc32c } from "./crc32c.ts";
import {
  addressOfIpv6,
  MAX_PROXY_HEADER_BYTES,
  PROXY_BAD,
  PROXY_HEADER_BYTES,
  PROXY_INCOMPLETE,
  readProxyHeader,
  writeProxyHeader,
} from "./proxy_protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const TCP4 = "c0a80001" + "0a000001" + "1234" + "0401";

/** A header of a command and family byte, and what follows. */
function header(command: string, family: string, rest: string): Uint8Array {
  return Uint8Array.fromHex(
    `${SIGNATURE}${command}${family}${(rest.length / 2).toString(16).padStart(4, "0")}${rest}`,
  );
}

/** What is read of some bytes: the address if a header is whole. */
function read(bytes: Uint8Array): string | number {
  const into = { address: -1 };
  const size = readProxyHeader(bytes, 0, bytes.length, into);
  if (size <= 0) return size;
  assert.equal(size, bytes.length);
  return formatAddress(into.address);
}

/** A TLV with the right checksum behind a header of TCP over IPv4. */
function withChecksum(type = "03", flip = 0): Uint8Array {
  const bytes = header("21", "11", `${TCP4}${type}000400000000`);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, (crc32c(bytes) ^ flip) >>> 0);
  return bytes;
}

Deno.test("the checksum is the one that everybody has", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe306_9283);
});

Deno.test("a header names the client, by IPv4 or IPv6, with or without what proxies add", () => {
  assert.equal(read(header("21", "11", TCP4)), "192.168.0.1");
  assert.equal(read(header("21", "11", `${TCP4}01000568656c6c6f04000a00000000000000000000`)), "192.168.0.1");
  assert.equal(read(withChecksum()), "192.168.0.1");
  const mapped = "00000000000000000000ffff0a010203";
  assert.equal(read(header("21", "21", `${mapped}${mapped}12340401`)), "10.1.2.3");
  assert.equal(read(header("21", "00", "")), "0.0.0.0", "a proxy that doesn't know");
  assert.equal(read(header("20", "00", "")), "0.0.0.0", "a proxy that speaks for itself");
  assert.equal(read(header("20", "31", "00".repeat(216))), "0.0.0.0", "whatever else it says then");
});

Deno.test("an IPv6 network is one number, told from others, that no host has", () => {
  const of = (hex: string) => addressOfIpv6(Uint8Array.fromHex(hex));
  const one = of("20010db8000000010000000000000001");
  assert.equal(of("20010db80000000100000000ffffffff"), one);
  assert.notEqual(of("20010db8000000020000000000000001"), one);
  for (const number of [one, of("20010db8000000020000000000000001")]) assert.ok(number >= 0xf000_0000);
});

Deno.test("what is no header, or a wrong one, is refused as soon as that shows", () => {
  const bad = [
    Uint8Array.of(0),
    Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0b),
    new TextEncoder().encode("PROXY TCP4 192.168.0.1 10.0.0.1 1 2\r\n"),
    header("11", "11", TCP4),
    header("22", "11", TCP4),
    header("31", "11", TCP4),
    header("21", "12", TCP4),
    header("21", "31", "00".repeat(216)),
    header("21", "11", TCP4.slice(2)),
    header("21", "21", TCP4),
    header("21", "11", `${TCP4}01`),
    header("21", "11", `${TCP4}010005686565`),
    header("21", "11", `${TCP4}03000100`),
    withChecksum("03", 1),
    header("21", "11", "00".repeat(MAX_PROXY_HEADER_BYTES)),
  ];
  assert.deepEqual(bad.map(read), bad.map(() => PROXY_BAD));
  assert.equal(read(withChecksum("04", 1)), "192.168.0.1", "another TLV has no checksum");
});

Deno.test("a header that has not all come yet is waited for, whatever its length", () => {
  const whole = withChecksum();
  for (let size = 0; size < whole.length; size++) {
    assert.equal(read(whole.subarray(0, size)), PROXY_INCOMPLETE);
  }
});

Deno.test("what is written is read", () => {
  const bytes = new Uint8Array(100).fill(0xaa);
  const path = {
    source: parseAddress("203.0.113.9")!,
    sourcePort: 40_000,
    destination: parseAddress("10.0.0.1")!,
    destinationPort: 1025,
  };
  assert.equal(writeProxyHeader(bytes, 5, path), PROXY_HEADER_BYTES);
  assert.equal(read(bytes.subarray(5, 5 + PROXY_HEADER_BYTES)), "203.0.113.9");
  assert.equal(bytes[4], 0xaa);
  assert.equal(bytes[5 + PROXY_HEADER_BYTES], 0xaa);
});

Deno.test("10,000 damaged headers are read or refused, and never past their end", () => {
  const good = [
    header("21", "11", TCP4),
    withChecksum(),
    header("20", "00", ""),
    header("21", "21", `${"20010db8".repeat(8)}12340401`),
    header("21", "11", `${TCP4}01000568656c6c6f${"ee000201ff".repeat(9)}`),
  ];
  const random = new Random(20150218);
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const base = good[random.below(good.length)];
    const start = random.below(20);
    const bytes = new Uint8Array(start + base.length + random.below(40));
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
    bytes.set(base, start);
    for (let flips = random.below(6); flips > 0; flips--) {
      bytes[start + random.below(base.length)] = random.below(256);
    }
    const end = start + random.below(bytes.length - start + 1);
    // Beyond the end lies what would change the answer, if it were looked at.
    const masked = bytes.slice();
    masked.fill(0xff, end);
    const [into, other] = [{ address: 0 }, { address: 0 }];
    const size = readProxyHeader(bytes, start, end, into);
    assert.equal(readProxyHeader(masked, start, end, other), size, `header ${i}`);
    assert.deepEqual(into, other);
    assert.ok(size >= PROXY_BAD && size <= Math.min(end - start, MAX_PROXY_HEADER_BYTES), `header ${i}`);
    seen.add(size > 0 ? "whole" : size === PROXY_BAD ? "bad" : "incomplete");
  }
  assert.equal(seen.size, 3);
});
