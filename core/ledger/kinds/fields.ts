/** What an entry says besides its kind, by the names of its words. */
export interface EntryFields {
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  readonly sponsor: number;
  readonly count: number;
  readonly tag: number;
  readonly asked: number;
  readonly askedFrom: number;
}

/** What the words of a kind of entry mean: its own name for each that it uses. A name with `is` in front is 1 or 0. */
export type Fields = Readonly<Record<string, keyof EntryFields>>;

/** An entry by its kind's own names. */
export type Values<F extends Fields> = {
  readonly [Name in keyof F]: Name extends `is${string}` ? boolean : number;
};

const EMPTY_FIELDS: EntryFields = {
  packetId: 0,
  user: 0,
  amountFen: 0,
  sponsor: 0,
  count: 0,
  tag: 0,
  asked: 0,
  askedFrom: 0,
};

/** Reads entries by their kind's own names. Allocates: what decides awards reads the words themselves. */
export function viewOf<F extends Fields>(fields: F): (entry: EntryFields) => Values<F> {
  const names = Object.entries(fields).map(([name, field]) => [name, field, isFlag(name)] as const);
  return (entry) => {
    const values: Record<string, number | boolean> = {};
    for (const [name, field, isBit] of names) values[name] = isBit ? entry[field] === 1 : entry[field];
    return values as Values<F>;
  };
}

/** The words of an entry that says this. */
export function fieldsOf<F extends Fields>(fields: F, values: Values<F>): EntryFields {
  const entry: { -readonly [Field in keyof EntryFields]: number } = { ...EMPTY_FIELDS };
  for (const name in fields) entry[fields[name]] = Number(values[name]);
  return entry;
}

function isFlag(name: string): boolean {
  return /^is[A-Z]/.test(name);
}
