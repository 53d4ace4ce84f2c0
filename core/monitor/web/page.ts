/** The page as one text: no request of it leaves the machine, and none but its own data goes to the monitor. */
import { stripTypeScriptTypes } from "node:module";
import uplotCss from "uplot/css" with { type: "text" };
import uplotJs from "uplot/js" with { type: "text" };
import css from "./page.css" with { type: "text" };
import html from "./page.html" with { type: "text" };
import moneyLine from "../../base/money_line.ts" with { type: "text" };
import units from "../../base/units.ts" with { type: "text" };
import lineLooks from "../timeline/line_looks.ts" with { type: "text" };
import chartOptions from "./page/chart_options.ts" with { type: "text" };
import charts from "./page/charts.ts" with { type: "text" };
import control from "./page/control.ts" with { type: "text" };
import main from "./page/main.ts" with { type: "text" };
import money from "./page/money.ts" with { type: "text" };
import show from "./page/show.ts" with { type: "text" };
import targets from "./page/targets.ts" with { type: "text" };
import unitText from "../timeline/unit_text.ts" with { type: "text" };
import timeRange from "./page/time_range.ts" with { type: "text" };
import words from "./page/words.ts" with { type: "text" };

/** The order in which the modules stand: each uses only what is before it. */
const MODULES = [
  units,
  moneyLine,
  unitText,
  lineLooks,
  words,
  timeRange,
  chartOptions,
  charts,
  targets,
  money,
  control,
  show,
  main,
];

/** The page's modules as one script: their imports lead to each other, so without them they share one scope. */
export function pageScript(): string {
  const joined = MODULES.join("\n").replaceAll(/^import [^;]*;$/gm, "").replaceAll(/^export /gm, "");
  return stripTypeScriptTypes(joined).replaceAll(/^ +$/gm, "").replaceAll(/\n{2,}/g, "\n");
}

let whole: string | undefined;

/** The whole page. */
export function pageHtml(): string {
  // Functions, since a text to insert may hold `$&` and the like.
  return whole ??= html
    .replace("/* styles */", () => `${uplotCss}\n${css}`)
    .replace(
      "/* scripts */",
      () => `${uplotJs}\n;(() => {${pageScript()}})();`.replaceAll("</script", "<\\/script"),
    );
}
