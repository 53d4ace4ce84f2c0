/** Writes the tables of `docs/protocol.md`: `deno task protocol`. A test compares them. */
import { frames } from "../core/wire/v1/frames.ts";
import { protocolPage } from "./protocol_page.ts";

const PAGE = new URL("../docs/protocol.md", import.meta.url);
await Deno.writeTextFile(PAGE, protocolPage(await Deno.readTextFile(PAGE), frames));
