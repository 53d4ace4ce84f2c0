import assert from "node:assert/strict";
import { formatAddress, parseAddress, parseIpv6 } from "./address.ts";
import { formatAddressRange, isInRanges, parseAddressRange } from "./address_ranges.ts";

Deno.test("an IPv4 address is a number, and back", () => {
  assert.equal(parseAddress("127.0.0.1"), 0x7f00_0001);
  assert.equal(formatAddress(0xffff_fffe), "255.255.255.254");
  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.x"]) {
    assert.equal(parseAddress(text), undefined);
  }
});

Deno.test("an IPv6 address is 16 bytes, however it is written", () => {
  const hex = (text: string) => parseIpv6(text)?.toHex();
  assert.equal(hex("::"), "0".repeat(32));
  assert.equal(hex("::1"), "0".repeat(31) + "1");
  assert.equal(hex("2001:DB8::8:800:200c:417a"), "20010db80000000000080800200c417a");
  assert.equal(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assert.equal(hex("::ffff:10.1.2.3"), "00000000000000000000ffff0a010203");
  assert.equal(hex("fe80::"), "fe80" + "0".repeat(28));
  const wrong = [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "g::",
    "12345::",
    "::1.2.3.256",
  ];
  for (const text of wrong) assert.equal(parseIpv6(text), undefined, text);
});

Deno.test("a range of addresses is one, or a network", () => {
  for (const text of ["10.0.0.1", "10.1.0.0/16", "0.0.0.0/0", "128.0.0.0/1"]) {
    assert.equal(formatAddressRange(parseAddressRange(text)!), text);
  }
  const ranges = [parseAddressRange("10.0.0.77/24")!, parseAddressRange("192.168.0.1/32")!];
  const isIn = (text: string) => isInRanges(parseAddress(text)!, ranges);
  assert.deepEqual(["10.0.0.0", "10.0.0.255", "192.168.0.1"].map(isIn), [true, true, true]);
  assert.deepEqual(["9.255.255.255", "10.0.1.0", "192.168.0.2"].map(isIn), [false, false, false]);
  for (const text of ["", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/-1"]) {
    assert.equal(parseAddressRange(text), undefined, text);
  }
});
