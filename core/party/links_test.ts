import assert from "node:assert/strict";
import { linksOf, ownHosts, reachableHost } from "./links.ts";

const interfaces = [
  { name: "lo", family: "IPv4", address: "127.0.0.1" },
  { name: "docker0", family: "IPv4", address: "172.17.0.1" },
  { name: "tun0", family: "IPv4", address: "10.8.0.3" },
  { name: "eth0", family: "IPv6", address: "fe80::1" },
  { name: "eth0", family: "IPv4", address: "203.0.113.7" },
  { name: "wlan0", family: "IPv4", address: "192.168.1.23" },
] as const;

Deno.test("the link has the address of the network that phones are in", () => {
  assert.equal(reachableHost("0.0.0.0", interfaces), "192.168.1.23");
  assert.equal(reachableHost("0.0.0.0", interfaces.slice(0, 5)), "203.0.113.7");
  assert.equal(reachableHost("0.0.0.0", interfaces.slice(0, 1)), "127.0.0.1");
  assert.equal(reachableHost("10.0.0.1", interfaces), "10.0.0.1");
  assert.ok(ownHosts(interfaces).includes("192.168.1.23") && ownHosts(interfaces).includes("localhost"));
});

Deno.test("code and secret stand behind the #, which no server and no log sees", () => {
  assert.deepEqual(linksOf("https://party.example.org/", "ABC234", "s/c"), {
    join: "https://party.example.org/#ABC234",
    wall: "https://party.example.org/wall#s%2Fc",
    host: "https://party.example.org/host#s%2Fc",
  });
});
