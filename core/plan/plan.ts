import type { Measured } from "./figures.ts";
import { type InputName, INPUTS, NEEDS, QUANTITIES } from "./quantities.ts";

/** A number of a plan, with where it comes from. */
export interface PlannedNumber {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly formula: string;
  readonly about: string;
}

/** What is left when something is lost. */
export interface Loss {
  readonly what: string;
  readonly hostsLeft: number;
  /** Of what the hosts that are left may use, in per cent. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly linkPercent: number;
  /** Until all users are logged in again. */
  readonly returnS: number;
  readonly isSurvived: boolean;
}

export interface EventPlan {
  readonly inputs: Readonly<Record<InputName, number>>;
  readonly measured: readonly Measured[];
  readonly hosts: number;
  /** Whether the number of hosts was given, and not computed. */
  readonly isGiven: boolean;
  readonly groups: readonly { readonly title: string; readonly numbers: readonly PlannedNumber[] }[];
  /** By need: how many hosts it asks for, the most first. */
  readonly needs: readonly { readonly name: string; readonly hosts: number; readonly about: string }[];
  /** The measured or chosen number that the tightest need hangs on most. */
  readonly tightest: { readonly need: string; readonly figure: string; readonly about: string };
  readonly losses: readonly Loss[];
}

/** Computes a plan. @param hosts how many there are; 0: as many as are needed */
export function planEvent(
  inputs: Readonly<Record<InputName, number>>,
  measured: readonly Measured[],
  hosts: number,
): EventPlan {
  const values = compute(inputs, measured, hosts);
  const all = QUANTITIES.flatMap(({ quantities }) => quantities);
  const needs = NEEDS.map((name) => ({
    name,
    hosts: values[name],
    about: all.find((one) => one.name === name)!.about,
  })).sort((a, b) => b.hosts - a.hosts);
  return {
    inputs,
    measured,
    hosts: values.hosts,
    isGiven: hosts > 0,
    groups: QUANTITIES.map(({ title, quantities }) => ({
      title,
      numbers: quantities.map(({ name, unit, formula, about }) => ({
        name,
        unit,
        value: values[name],
        formula: formula.text,
        about,
      })),
    })),
    needs,
    tightest: tightestOf(needs[0].name, inputs, measured),
    losses: lossesOf(values),
  };
}

function compute(
  inputs: Readonly<Record<InputName, number>>,
  measured: readonly Measured[],
  hosts: number,
): Record<string, number> {
  const values: Record<string, number> = {
    ...inputs,
    ...Object.fromEntries(measured.map(({ name, value }) => [name, value])),
  };
  for (const { quantities } of QUANTITIES) {
    for (const { name, formula } of quantities) {
      values[name] = formula.compute(values);
      if (name === "hostsNeeded") values.hosts = hosts || values.hostsNeeded;
    }
  }
  return values;
}

/** A measured cost is tried a tenth cheaper: that which saves the most hosts is the one to look at first. */
const CHEAPER = 0.9;

function tightestOf(
  need: string,
  inputs: Readonly<Record<InputName, number>>,
  measured: readonly Measured[],
): EventPlan["tightest"] {
  const hostsWith = (changed: readonly Measured[]) => compute(inputs, changed, 0).hostsNeeded;
  const before = hostsWith(measured);
  let best = { figure: need, saved: 0, about: "no measured figure moves it by itself" };
  for (const { name, about } of measured) {
    // What is so many a second is better when it is more.
    for (const factor of [CHEAPER, 1 / CHEAPER]) {
      const saved = before -
        hostsWith(measured.map((one) => one.name === name ? { ...one, value: one.value * factor } : one));
      if (saved > best.saved) best = { figure: name, saved, about };
    }
  }
  const text = best.saved === 0
    ? best.about
    : `${best.about}; a tenth better saves ${best.saved} of ${before} hosts`;
  return { need, figure: best.figure, about: text };
}

/** What each loss leaves: of hosts, a cluster, a city. */
function lossesOf(values: Readonly<Record<string, number>>): Loss[] {
  const { hosts, clusters, cities } = values;
  const cases: readonly (readonly [what: string, lost: number])[] = [
    ["nothing", 0],
    ["a host", 1],
    ["a cluster", hosts / clusters],
    ...(cities > 1 ? [["a city", hosts / cities] as const] : []),
  ];
  return cases.map(([what, lost]) => {
    const left = hosts - lost;
    const users = values.users * lost / hosts;
    const percent = (part: number) => part / left * 100;
    const cpuPercent = percent(values.peakPerS / values.hostShakesPerS);
    const memoryPercent = percent(values.users / values.hostUsers);
    const linkPercent = percent(values.peakPerS / values.hostLinkShakesPerS);
    const returnS = lost === 0 ? 0 : left === 0 ? Infinity : users / (left * values.hostLoginsPerS);
    return {
      what,
      hostsLeft: left,
      ...{ cpuPercent, memoryPercent, linkPercent, returnS },
      isSurvived: left > 0 && Math.max(cpuPercent, memoryPercent, linkPercent) <= 100 + 1e-9,
    };
  });
}

/** The units and meanings of what was asked, for tables. */
export function inputRows(
  inputs: EventPlan["inputs"],
): { name: string; unit: string; value: number; about: string }[] {
  return (Object.keys(INPUTS) as InputName[]).map((name) => {
    const [unit, about] = INPUTS[name];
    return { name, unit, value: inputs[name], about };
  });
}
