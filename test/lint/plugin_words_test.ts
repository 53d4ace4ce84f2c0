/** Plugins own their words: no file of core names a built-in plugin's metric, config key, measure or route. */
import assert from "node:assert/strict";
import { builtIn } from "../../plugins/built_in.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import type { AnyPlugin } from "../../core/plugin/plugin.ts";

const ROOT = new URL("../../", import.meta.url);

function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* filesIn(`${folder}${name}/`);
    else if (/\.tsx?$/.test(name)) yield `${folder}${name}`;
  }
}

function textOf(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Routes that a plugin adds, as its source says: they come to be only on a host. */
function routesOf(plugin: string): string[] {
  const paths = [...filesIn(`plugins/${plugin}/`)].flatMap((path) =>
    [...textOf(path).matchAll(/\bpath: "(\/[\w/-]+)"/g)].map(([, route]) => route)
  );
  return [...new Set(paths)];
}

/** What names a plugin's word: a metric and a measure as a whole word, a key behind its plugin, a route in quotes. */
function wordsOf({ name, config, door, metrics = {}, measures = {} }: AnyPlugin): string[] {
  const keys = [config, door?.config].flatMap((schema) =>
    schema !== undefined && "shape" in schema ? Object.keys(schema.shape as Record<string, unknown>) : []
  );
  const counted = { ...metrics, ...door?.metrics, ...measures };
  return [
    ...Object.keys(counted).filter((word) => !isOfFleet(word)).map((word) => `\\b${word}\\b`),
    ...keys.map((key) => `\\b${name}\\.${key}\\b`),
    ...routesOf(name).map((route) => `["'\`]${route}(?:/[\\w/-]*)?["'\`]`),
  ];
}

/** A measure may be called as the metric of the fleet that it shows. */
function isOfFleet(word: string): boolean {
  return Object.hasOwn(fleetMetrics.definitions, word);
}

const words = (await Promise.all(
  Object.values(builtIn.plugins).map(async (load) => wordsOf((await load()).default as AnyPlugin)),
)).flat();
const named = new RegExp(words.join("|"), "g");

Deno.test("core names no plugin's metric, config key, measure or route", () => {
  const found = [...filesIn("core/")]
    .filter((path) => !/(_test\.tsx?|\/testing\.ts)$/.test(path))
    .flatMap((path) =>
      textOf(path).split("\n").flatMap((line, i) =>
        [...line.matchAll(named)].map(([word]) =>
          `${path}:${i + 1} names ${word}: let the plugin declare what core needs of it`
        )
      )
    );
  assert.deepEqual(found, []);
});

Deno.test("the rule knows words of every kind", () => {
  const known = ["shakeWon", "throttle.connectionPerS", '"/waves/move"', "claimP99Ms", "`/packets`"];
  for (const word of known) assert.match(word, new RegExp(named.source), word);
  for (const word of ["shakesWon", "throttle", '"/stream"']) assert.doesNotMatch(word, named, word);
});
