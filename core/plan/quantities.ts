import { Formula } from "./formula.ts";

/** A number of a plan: computed by its formula out of what was asked, what was measured and the numbers above it. */
export interface Quantity {
  readonly name: string;
  readonly unit: string;
  readonly formula: Formula;
  readonly about: string;
}

/** Numbers that belong together, under a heading. */
export interface QuantityGroup {
  readonly title: string;
  readonly quantities: readonly Quantity[];
}

function group(
  title: string,
  rows: Readonly<Record<string, readonly [unit: string, formula: string, about: string]>>,
): QuantityGroup {
  return {
    title,
    quantities: Object.entries(rows).map(([name, [unit, formula, about]]) => ({
      name,
      unit,
      formula: new Formula(formula),
      about,
    })),
  };
}

/** A frame of a shake and its answer on the wire, with the headers of TCP, IP and Ethernet, and acknowledgements. */
const WIRE = "66 * 3 + 16 + 28";

/** What decides how many hosts there must be: the most of these is the tightest. */
export const NEEDS = [
  "hostsForCpu",
  "hostsForMemory",
  "hostsForLink",
  "hostsForAwards",
  "hostsForReturn",
] as const;

/** Every number of a plan, in the order in which they are computed. */
export const QUANTITIES: readonly QuantityGroup[] = [
  group("What one host can do", {
    hostShakesPerS: [
      "/s",
      "cores * load * 1e6 / (shakeUs * margin)",
      "shakes a second, with its cores at the load that is allowed",
    ],
    userBytes: ["B", "(connectionBytes + tls * tlsBytes) * margin", "memory of a user"],
    hostUsers: ["", "memoryGb * 1e9 * memoryLoad / userBytes", "users that fit into its memory"],
    shakeWireBytes: ["B", WIRE, "a shake, its answer, and an acknowledgement on the wire"],
    hostLinkShakesPerS: [
      "/s",
      "linkGbps * 1e9 * load / 8 / (shakeWireBytes * margin)",
      "shakes a second that fit through its link, both ways counted as one",
    ],
    hostLoginsPerS: [
      "/s",
      "cores * load / (loginUs / 1e6 + tls / handshakesPerCore) / margin",
      "users a second whom it lets in, besides nothing else",
    ],
  }),
  group("How many hosts", {
    citiesLeft: ["", "max(1, cities - 1)", "cities that carry everything when one is gone"],
    spare: ["times", "cities / citiesLeft", "more hosts than one city less needs"],
    hostsForCpu: ["", "ceil(peakPerS / hostShakesPerS * spare)", "for the CPU time of the busiest second"],
    hostsForMemory: ["", "ceil(users / hostUsers * spare)", "for everybody's memory"],
    hostsForLink: ["", "ceil(peakPerS / hostLinkShakesPerS * spare)", "for the links"],
    hostsForAwards: ["", "ceil(packetsPerS * margin / awardsPerS * spare)", "for the ledgers' disks"],
    hostsForReturn: [
      "",
      "ceil(users / (max(1, clusters - 1) * hostLoginsPerS * returnS) * spare)",
      "so that all of a lost cluster are back in time at the others",
    ],
    hostsNeeded: [
      "",
      "max(hostsForCpu, hostsForMemory, hostsForLink, hostsForAwards, hostsForReturn)",
      "the most of them",
    ],
  }),
  group("What each host has", {
    hostsPerCluster: ["", "hosts / clusters", "hosts of a cluster"],
    hostsPerCity: ["", "hosts / cities", "hosts of a city"],
    usersPerHost: ["", "users / hosts", "connections"],
    shakesPerSPerHost: ["/s", "peakPerS / hosts", "shakes in the busiest second"],
    coresPerHost: [
      "cores",
      "shakesPerSPerHost * shakeUs / 1e6",
      "CPU time then, as measured, without margin",
    ],
    memoryPerHost: ["GB", "usersPerHost * userBytes / margin / 1e9", "memory of connections, without margin"],
    linkPerHost: ["Gbit/s", "shakesPerSPerHost * shakeWireBytes * 8 / 1e9", "its link in the busiest second"],
    packetsPerSPerHost: ["/s", "packetsPerS / hosts", "awards a second"],
    packetsPerHost: ["", "packets / hosts", "awards in all"],
    shakesPerHost: ["", "shakes / hosts", "shakes in all"],
    allCores: ["cores", "hosts * cores", "cores of all hosts"],
    allMemory: ["GB", "hosts * memoryGb", "memory of all hosts"],
    cityLink: [
      "Gbit/s",
      "peakPerS * shakeWireBytes * 8 / 1e9 / citiesLeft",
      "a city's link, when it carries all",
    ],
  }),
  group("The evening", {
    secondsToTenBillion: ["s", "10_000_000_000 / peakPerS", "ten billion shakes at the peak without a pause"],
    capacityPerS: [
      "/s",
      "hosts * hostShakesPerS",
      "what all hosts together take at the load that is allowed",
    ],
    secondsAtCapacity: ["s", "10_000_000_000 / capacityPerS", "ten billion shakes at that"],
    shakesPerUser: ["", "shakes / users", "shakes of a user"],
    shakesPerPacket: ["", "shakes / packets", "shakes for a packet that is won"],
    winnerWaitMs: ["ms", "ledgerWaitMs * margin", "what a winner waits for the disk of their host, p99"],
    returnSeconds: [
      "s",
      "users / clusters / ((hosts - hostsPerCluster) * hostLoginsPerS)",
      "until all of a lost cluster are logged in elsewhere",
    ],
  }),
  group("TLS", {
    tlsCores: [
      "cores",
      "tls * users / clusters / returnS / handshakesPerCore",
      "for the handshakes of a lost cluster's users, over all hosts",
    ],
    tlsMemory: ["GB", "tls * usersPerHost * tlsBytes / 1e9", "of a host, for sessions"],
  }),
  group("Books, settlement and money", {
    bookRows: ["rows", "packets * rowsPerPacket", "rows of all hosts"],
    bookLoad: [
      "%",
      "packetsPerS * rowsPerPacket / bookRowsPerS * 100",
      "of what PostgreSQL takes in, at the most",
    ],
    bookDisk: ["GB", "bookRows * rowBytes / 1e9", "of the books, indexes in it"],
    settlers: ["", "ceil(packetsPerS * settleUs / 1e6 / load)", "settlers that keep up"],
    settleSeconds: ["s", "packets * settleUs / 1e6", "one settler, for all packets"],
    bookConnections: ["", "hosts + settlers", "connections to PostgreSQL, a pooler's from 500 on"],
    moneyPerPacket: ["yuan", "moneyYuan / packets", "in a packet, on the average"],
    moneyPerS: ["yuan/s", "packetsPerS * moneyPerPacket", "won in the busiest second"],
    payoutSeconds: ["s", "packets / payoutsPerS", "until all is paid"],
  }),
  group("NATS and depots", {
    busMessagesPerS: ["/s", "hostsPerCity", "summaries that a host hears of its city"],
    busCores: ["cores", "busMessagesPerS * natsUs / 1e6", "of a host, for hearing them"],
    busBytesPerS: [
      "MB/s",
      "clusters * packetsPerS * 16 / 1e6",
      "that leave a city's hub, 16 B an award to each cluster",
    ],
    depotBytes: ["TB", "users * resourceMb / 1e6", "that all users fetch in idle time"],
    depotGbps: ["Gbit/s", "depotBytes * 8000 / (fetchHours * 3600) * margin", "of all depots, spread evenly"],
    depotGbpsPerCluster: ["Gbit/s", "depotGbps / clusters", "of a depot, one a cluster"],
  }),
];

/** The names of what is asked, with their units. */
export const INPUTS = {
  users: ["", "users"],
  peakPerS: ["/s", "shakes in the busiest second"],
  packets: ["", "packets of the evening"],
  packetsPerS: ["/s", "packets in the busiest second"],
  shakes: ["", "shakes of the evening"],
  cities: ["", "cities; with two or more, any one may be lost"],
  clusters: ["", "clusters of all cities"],
  cores: ["cores", "of a host"],
  memoryGb: ["GB", "of a host"],
  linkGbps: ["Gbit/s", "of a host"],
  load: ["", "part of cores and links that may be in use, at the peak"],
  memoryLoad: ["", "part of a host's memory that connections may have"],
  margin: ["times", "every measured cost is planned as so much more"],
  tls: ["", "1 if hosts end TLS themselves, 0 if something in front does"],
  returnS: ["s", "in which the users of a lost cluster must be back"],
  moneyYuan: ["yuan", "money of all packets"],
  rowsPerPacket: ["", "rows of a packet in the books"],
  rowBytes: ["B", "of a row, its indexes in it"],
  payoutsPerS: ["/s", "payments that the gateway takes"],
  resourceMb: ["MB", "that a user's phone fetches before"],
  fetchHours: ["hours", "in which it may"],
} as const satisfies Readonly<Record<string, readonly [unit: string, about: string]>>;
export type InputName = keyof typeof INPUTS;
