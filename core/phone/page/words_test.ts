import assert from "node:assert/strict";
import { ALL_TEXTS, languageOf, LANGUAGES, say, yuan } from "./words.ts";

Deno.test("every text is there in every language, and both fill in the same", () => {
  for (const [key, text] of Object.entries(ALL_TEXTS)) {
    const places = LANGUAGES.map((language) => {
      assert.notEqual(text[language].trim(), "", `${key} ${language}`);
      return (text[language].match(/\{\d\}/g) ?? []).sort().join();
    });
    assert.equal(new Set(places).size, 1, `${key}: ${places.join(" and ")}`);
    assert.ok(!/[一-鿿]/.test(text.en) || key === "head.language", `${key} is English`);
    assert.ok(/[一-鿿]/.test(text.zh) || key === "head.language", `${key} is Chinese`);
  }
});

Deno.test("every text is said somewhere, and what the pages name is a text", async () => {
  const folder = new URL(".", import.meta.url);
  let source = "";
  for (const { name } of Deno.readDirSync(folder)) {
    if (/\.(ts|html)$/.test(name) && name !== "words.ts" && !name.endsWith("_test.ts")) {
      source += await Deno.readTextFile(new URL(name, folder));
    }
  }
  const isSaid = (key: string) =>
    source.includes(`"${key}"`) || source.includes(`\`${key.split(".")[0]}.\${`);
  const unused = Object.keys(ALL_TEXTS).filter((key) => !isSaid(key));
  assert.deepEqual(unused, []);
  const named = [...source.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)].map(([, key]) => key);
  assert.ok(named.length > 5);
  assert.deepEqual(named.filter((key) => !(key in ALL_TEXTS)), []);
});

Deno.test("the browser's languages choose, and English is for everybody else", () => {
  assert.equal(languageOf(["zh-Hans-CN", "en"]), "zh");
  assert.equal(languageOf(["de-AT", "zh-TW"]), "zh");
  assert.equal(languageOf(["fr", "de"]), "en");
  assert.equal(languageOf([]), "en");
});

Deno.test("what is filled in is text as it is, and money is told to the fen", () => {
  assert.equal(say("en", "lobby.title", "<b>$&{0}"), "You are in, <b>$&{0}");
  assert.deepEqual([0, 5, 99, 100, 123_456_789].map(yuan), ["0.00", "0.05", "0.99", "1.00", "1,234,567.89"]);
});
