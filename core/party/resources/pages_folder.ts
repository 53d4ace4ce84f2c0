import { createHash } from "node:crypto";
import { UserError } from "../../base/user_error.ts";
import { formatCount } from "../../base/units.ts";
import { type Picture, type Resource, REST_RESOURCE } from "../../phone/resources/resource_list.ts";
import { readImageHeader } from "./image_header.ts";

/** Of one picture: two hundred phones fetch each over one radio. */
const MOST_PICTURE_BYTES = 1_000_000;
/** A phone draws a picture whole, however little of it is to be seen. */
const MOST_PIXELS_A_SIDE = 4_096;
const MOST_LETTERS = 120;
const MOST_LINES = 4;
const REST = "rest";

/** What a host gives for phones to show: the list, and the pictures by their SHA-256. */
export interface PartyPages {
  readonly resources: readonly Resource[];
  readonly pictures: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

interface Parts {
  color?: string;
  text?: string;
  picture?: Picture;
}

/**
 * Reads a folder of pages. A file is called as its sponsor, or by the sponsor's number, or `rest`: a picture, and a text,
 * whose first line may be a colour.
 *
 * @throws UserError that lists everything that is wrong with it
 */
export function readPagesFolder(folder: string, sponsors: readonly string[]): PartyPages {
  const problems: string[] = [];
  const parts = new Map<number, Parts>();
  const pictures = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of namesIn(folder)) {
    const place = `--pages ${folder}/${name}`;
    const [, stem, end] = /^(.+)\.([^.]+)$/.exec(name) ?? [];
    const resource = stem === undefined ? undefined : resourceOf(stem, sponsors);
    if (resource === undefined) {
      problems.push(`${place}: is called as no sponsor. Call it ${wanted(sponsors)}, or ${REST}`);
      continue;
    }
    const of = parts.get(resource) ?? {};
    parts.set(resource, of);
    const problem = /^txt$/i.test(end)
      ? addText(of, Deno.readFileSync(`${folder}/${name}`))
      : /^(png|jpe?g|webp)$/i.test(end)
      ? addPicture(of, Deno.readFileSync(`${folder}/${name}`), pictures)
      : "is no PNG, JPEG or WebP, and no text (.txt)";
    if (problem !== undefined) problems.push(`${place}: ${problem}`);
  }
  if (problems.length === 0 && parts.size === 0) {
    problems.push(
      `--pages ${folder}: holds no pictures and no texts. Call them ${wanted(sponsors)}, or ${REST}`,
    );
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const resources = [...parts].sort(([a], [b]) => a - b).map(([resource, { color, text, picture }]) => ({
    resource,
    name: sponsors[resource - 1] ?? "",
    color: color ?? "",
    text: text ?? "",
    picture: picture ?? null,
  }));
  return { resources, pictures };
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such folder" : (error as Error).message;
    throw new UserError(`--pages ${folder}: cannot be read: ${why}`);
  }
}

/** A number of its own can't be taken for another sponsor's name. */
function resourceOf(stem: string, sponsors: readonly string[]): number | undefined {
  if (key(stem) === REST) return REST_RESOURCE;
  const named = sponsors.findIndex((sponsor) => key(sponsor) === key(stem)) + 1;
  const number = /^\d{1,3}$/.test(stem) ? Number(stem) : 0;
  return named || (number >= 1 && number <= sponsors.length ? number : undefined);
}

function key(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/\s/g, "");
}

function wanted(sponsors: readonly string[]): string {
  return sponsors.slice(0, 3).map((sponsor, i) => `${JSON.stringify(sponsor)} or ${i + 1}`).join(", ");
}

function addText(of: Parts, bytes: Uint8Array): string | undefined {
  if (of.text !== undefined) return "there is another text for it";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "is no text in UTF-8";
  }
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim()).filter((line) => line !== "");
  if (/^#[0-9a-f]{6}$/i.test(lines[0] ?? "")) of.color = lines.shift()!.toLowerCase();
  of.text = lines.join("\n");
  if (lines.some((line) => /\p{C}/u.test(line))) {
    return "has letters that can't be seen, or turn the line round";
  }
  const letters = [...new Intl.Segmenter().segment(of.text)].length;
  return letters > MOST_LETTERS || lines.length > MOST_LINES
    ? `has ${letters} letters in ${lines.length} lines; at most ${MOST_LETTERS} in ${MOST_LINES} fit a phone`
    : undefined;
}

function addPicture(
  of: Parts,
  bytes: Uint8Array<ArrayBuffer>,
  pictures: Map<string, Uint8Array<ArrayBuffer>>,
): string | undefined {
  if (of.picture !== undefined) return "there is another picture for it";
  const header = readImageHeader(bytes);
  if (header === undefined) return "is no PNG, JPEG or WebP, whatever it is called";
  const { width, height } = header;
  if (bytes.length > MOST_PICTURE_BYTES) {
    return `has ${formatCount(bytes.length)} bytes; phones fetch at most ${formatCount(MOST_PICTURE_BYTES)}`;
  }
  if (Math.max(width, height) > MOST_PIXELS_A_SIDE || Math.min(width, height) < 1) {
    return `is ${width} by ${height}; phones show at most ${MOST_PIXELS_A_SIDE} a side`;
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  of.picture = { sha256, bytes: bytes.length, ...header };
  pictures.set(sha256, bytes);
  return undefined;
}
