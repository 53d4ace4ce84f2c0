/** What a guest's page shows for a number that a win, a greeting or a cue names: pages of sponsors, and of rests. */

/** Of the list; a page leaves one of another version aside. */
export const RESOURCES_VERSION = 1;
/** Of rests. A sponsor's page has the sponsor's number. */
export const REST_RESOURCE = 1_000;

/** A picture as it is fetched, by its SHA-256. */
export interface Picture {
  readonly sha256: string;
  readonly type: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
}

export interface Resource {
  readonly resource: number;
  /** Whose it is; empty for a rest. */
  readonly name: string;
  /** The colour of the brand, such as `#0a7f5a`; empty for the page's own. */
  readonly color: string;
  /** What is said; plain text, never HTML. */
  readonly text: string;
  readonly picture: Picture | null;
}

export interface ResourceList {
  readonly version: number;
  readonly resources: readonly Resource[];
}
