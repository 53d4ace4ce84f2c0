import { z } from "zod";
import { ExitCode, UserError } from "../base/user_error.ts";
import {
  decimalNumber,
  flag,
  type Flags,
  type FlagValues,
  listFlag,
  switchFlag,
  wholeNumber,
} from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { type Compared, compareWithReplay } from "./against_replay.ts";
import { measuredOf, readFigures, withFigures } from "./figures.ts";
import { type EventPlan, planEvent } from "./plan.ts";
import { planPage } from "./plan_page.ts";
import { planText } from "./plan_text.ts";
import type { InputName } from "./quantities.ts";

const MAX_VALUE = 1e15;

export const PLAN_FLAGS = {
  users: flag("N", "users", wholeNumber(1, MAX_VALUE).default(540_000_000)),
  peak: flag("N", "shakes in the busiest second", wholeNumber(1, MAX_VALUE).default(14_000_000)),
  packets: flag("N", "packets of the evening", wholeNumber(1, MAX_VALUE).default(120_000_000)),
  "packets-per-s": flag("N", "packets in the busiest second", wholeNumber(1, MAX_VALUE).default(50_000)),
  shakes: flag("N", "shakes of the evening", wholeNumber(1, MAX_VALUE).default(10_000_000_000)),
  money: flag("YUAN", "money of all packets", wholeNumber(0, MAX_VALUE).default(500_000_000)),
  cities: flag("N", "cities; with two or more, any one may be lost", wholeNumber(1, 1_000).default(2)),
  clusters: flag("N", "clusters of all cities", wholeNumber(1, 100_000).default(18)),
  hosts: flag("N", "hosts, 0 for as many as are needed", wholeNumber(0, 1e7).default(0)),
  cores: flag("N", "cores of a host", wholeNumber(1, 4_096).default(16)),
  "memory-gb": flag("N", "memory of a host", decimalNumber(0.5, 1e6).default(64)),
  "link-gbps": flag("N", "link of a host", decimalNumber(0.001, 1e5).default(10)),
  load: flag("PART", "part of cores and links in use at the peak", decimalNumber(0.01, 1).default(0.5)),
  "memory-load": flag(
    "PART",
    "part of the memory that connections may have",
    decimalNumber(0.01, 1).default(0.7),
  ),
  margin: flag("TIMES", "every measured cost is planned as so much more", decimalNumber(1, 100).default(1.2)),
  tls: switchFlag("hosts end TLS themselves"),
  "return-s": flag(
    "N",
    "seconds in which the users of a lost cluster must be back",
    decimalNumber(1, 86_400).default(60),
  ),
  "rows-per-packet": flag("N", "rows of a packet in the books", decimalNumber(1, 100).default(2)),
  "row-bytes": flag("N", "bytes of such a row, indexes in it", decimalNumber(1, 10_000).default(150)),
  "payouts-per-s": flag("N", "payments that the gateway takes", decimalNumber(1, 1e9).default(10_000)),
  "resource-mb": flag("N", "MB that a phone fetches before", decimalNumber(0, 1e6).default(5)),
  "fetch-hours": flag("N", "hours in which it may", decimalNumber(0.01, 10_000).default(48)),
  figures: flag(
    "FILE",
    "what deno task bench:figures wrote on such a host",
    z.string().optional(),
    "what is known of 2 shared cores",
  ),
  figure: listFlag("NAME=VALUE", "sets one measured figure, such as shakeUs=12; may be repeated"),
  replay: flag(
    "FILE",
    "a result of redpkt world --replay --json, to be compared with",
    z.string().optional(),
  ),
  page: flag("FILE", "writes a page with pictures", z.string().optional()),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt plan`: what an event needs. */
export const command = commandOf({
  name: "plan",
  about: "Says what an event needs, each number with its formula, out of what was measured.\n" +
    "Exit code: 0; 1 if the hosts that are given are too few.",
  flags: PLAN_FLAGS,
  examples: [
    { line: "redpkt plan", shows: "what the event of 2015 needs" },
    {
      line: "redpkt plan --users 2000000 --peak 60000 --cities 1 --clusters 1 --page plan.html",
      shows: "a smaller one, with pictures",
    },
  ],
}, plan);

async function plan(host: Host, values: FlagValues<typeof PLAN_FLAGS>): Promise<number> {
  if (values.clusters < values.cities) {
    throw new UserError(
      `--clusters ${values.clusters}: each city has one at least. Give ${values.cities} or more`,
    );
  }
  const file = values.figures === undefined ? undefined : await readFigures(values.figures);
  const measured = withFigures(measuredOf(file, values.figures ?? ""), values.figure);
  const planned = planEvent(inputsOf(values), measured, values.hosts);
  const compared = values.replay === undefined ? [] : await compareWithReplay(planned, values.replay);
  if (values.page !== undefined) writePage(values.page, planned, compared);
  const result = { ...planned, ...(compared.length === 0 ? {} : { compared }) };
  writeResult(host, values.json, result, () => planText(planned, compared));
  return planned.hosts < planned.needs[0].hosts ? ExitCode.failed : ExitCode.ok;
}

function inputsOf(values: FlagValues<typeof PLAN_FLAGS>): Record<InputName, number> {
  const { users, packets, shakes, cities, clusters, cores, load, margin } = values;
  return {
    ...{ users, packets, shakes, cities, clusters, cores, load, margin },
    peakPerS: values.peak,
    packetsPerS: values["packets-per-s"],
    memoryGb: values["memory-gb"],
    linkGbps: values["link-gbps"],
    memoryLoad: values["memory-load"],
    tls: values.tls ? 1 : 0,
    returnS: values["return-s"],
    moneyYuan: values.money,
    rowsPerPacket: values["rows-per-packet"],
    rowBytes: values["row-bytes"],
    payoutsPerS: values["payouts-per-s"],
    resourceMb: values["resource-mb"],
    fetchHours: values["fetch-hours"],
  };
}

function writePage(path: string, planned: EventPlan, compared: readonly Compared[]): void {
  try {
    Deno.writeTextFileSync(path, planPage(planned, compared));
  } catch (error) {
    throw new UserError(`--page ${path}: cannot be written: ${(error as Error).message}`);
  }
}
