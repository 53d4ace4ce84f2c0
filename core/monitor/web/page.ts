/** The page as one text: no request of it leaves the machine, and none but its own data goes to the monitor. */
import { bundle } from "../../web/browser_bundle.ts";
import uplotCss from "uplot/css" with { type: "text" };
import uplotJs from "uplot/js" with { type: "text" };
import css from "./page.css" with { type: "text" };
import html from "./page.html" with { type: "text" };
import moneyLine from "../../charts/money_line.ts" with { type: "text" };
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

const FOLDER = "core/monitor/web/page";
/** Every module that the page reaches, by path. */
const SOURCES: Readonly<Record<string, string>> = {
  "core/charts/money_line.ts": moneyLine,
  "core/base/units.ts": units,
  "core/monitor/timeline/line_looks.ts": lineLooks,
  "core/monitor/timeline/unit_text.ts": unitText,
  [`${FOLDER}/chart_options.ts`]: chartOptions,
  [`${FOLDER}/charts.ts`]: charts,
  [`${FOLDER}/control.ts`]: control,
  [`${FOLDER}/main.ts`]: main,
  [`${FOLDER}/money.ts`]: money,
  [`${FOLDER}/show.ts`]: show,
  [`${FOLDER}/targets.ts`]: targets,
  [`${FOLDER}/time_range.ts`]: timeRange,
  [`${FOLDER}/words.ts`]: words,
};

/** The page's modules as one script. */
export function pageScript(): string {
  return bundle(`${FOLDER}/main.ts`, SOURCES);
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
