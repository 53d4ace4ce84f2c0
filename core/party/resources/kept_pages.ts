import { createHash } from "node:crypto";
import { UserError } from "../../base/user_error.ts";
import { type ResourceList, RESOURCES_VERSION } from "../../phone/resources/resource_list.ts";
import type { PartyPages } from "./pages_folder.ts";

const FOLDER = "pages";
const LIST = "list.json";

/** Keeps pages with the party: what phones have been told of stays what it is, whatever becomes of the host's folder. */
export function keepPages(party: string, { resources, pictures }: PartyPages): void {
  Deno.mkdirSync(`${party}/${FOLDER}`);
  for (const [sha256, bytes] of pictures) Deno.writeFileSync(`${party}/${FOLDER}/${sha256}`, bytes);
  const list: ResourceList = { version: RESOURCES_VERSION, resources };
  Deno.writeTextFileSync(`${party}/${FOLDER}/${LIST}`, JSON.stringify(list));
}

/** A file for phones. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What phones fetch: everything by its SHA-256, and which of it is the list; empty if there is none. */
export interface PageFiles {
  readonly list: string;
  readonly files: ReadonlyMap<string, PageFile>;
}

export const NO_PAGES: PageFiles = { list: "", files: new Map() };

/** @throws UserError if a file was lost or changed */
export function readPages(party: string): PageFiles {
  const folder = `${party}/${FOLDER}`;
  const files = new Map<string, PageFile>();
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Deno.readFileSync(`${folder}/${LIST}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NO_PAGES;
    throw error;
  }
  const { resources } = JSON.parse(new TextDecoder().decode(bytes)) as ResourceList;
  const list = hashOf(bytes);
  files.set(list, { type: "application/json", bytes });
  for (const { picture } of resources) {
    if (picture === null) continue;
    const path = `${folder}/${picture.sha256}`;
    const found = tryRead(path);
    if (found === undefined || hashOf(found) !== picture.sha256) {
      throw new UserError(`${path}: was lost or changed. Restore it from a copy, or delete ${folder}`);
    }
    files.set(picture.sha256, { type: picture.type, bytes: found });
  }
  return { list, files };
}

function tryRead(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
