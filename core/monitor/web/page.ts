/** The page as one text: no request of it leaves the machine, and none but its own data goes to the monitor. */
import uplotCss from "uplot/css" with { type: "text" };
import uplotJs from "uplot/js" with { type: "text" };
import charts from "./charts.js" with { type: "text" };
import control from "./control.js" with { type: "text" };
import css from "./page.css" with { type: "text" };
import html from "./page.html" with { type: "text" };
import main from "./main.js" with { type: "text" };
import money from "./money.js" with { type: "text" };
import targets from "./targets.js" with { type: "text" };
import words from "./words.js" with { type: "text" };

/** The order in which the scripts stand: each uses only what is before it. */
const SCRIPTS = [uplotJs, words, charts, targets, money, control, main];

/** The whole page. */
export function pageHtml(): string {
  // Functions, since a text to insert may hold `$&` and the like.
  return html
    .replace("/* styles */", () => `${uplotCss}\n${css}`)
    .replace("/* scripts */", () => SCRIPTS.join("\n;\n").replaceAll("</script", "<\\/script"));
}
