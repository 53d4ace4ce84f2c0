import assert from "node:assert/strict";
import { LANGUAGES } from "../page/words.ts";
import { ALL_WALL_TEXTS, tell } from "./wall_words.ts";

Deno.test("every text of the wall is there in every language, fills in the same, and is said somewhere", async () => {
  const folder = new URL(".", import.meta.url);
  let source = "";
  for (const name of ["wall.ts", "host.ts"]) source += await Deno.readTextFile(new URL(name, folder));
  // Said by the name of the phase.
  const phases = ["lobby", "countdown", "wave", "paused", "rest", "closing", "ended"];
  for (const [key, text] of Object.entries(ALL_WALL_TEXTS)) {
    const places = LANGUAGES.map((language) => {
      assert.notEqual(text[language].trim(), "", `${key} ${language}`);
      return (text[language].match(/\{\d\}/g) ?? []).sort().join();
    });
    assert.equal(new Set(places).size, 1, `${key}: ${places.join(" and ")}`);
    assert.ok(phases.includes(key) || source.includes(`"${key}"`), `${key} is said`);
  }
  assert.equal(tell("zh", "left", 3, "1.20"), "还剩 3 个红包，1.20 元");
});
