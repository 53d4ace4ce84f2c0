import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";

const CHUNK_BYTES = 1 << 20;
const FLAG = "--gateway-statement";

/** What a gateway's statement says of one payment; used again for the next. */
export interface StatedPayment {
  key: string;
  user: number;
  amountFen: number;
  isPaid: boolean;
}

/**
 * Reads a gateway's statement: CSV whose first columns are `key,user,amount_fen,outcome`, as `redpkt fake-gateway --export`
 * writes it.
 *
 * @throws UserError that names the line which is none
 */
export function readGatewayStatement(
  path: string,
  take: (payment: StatedPayment) => void,
  onStage: OnStage = () => {},
): void {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    throw new UserError(`${FLAG} ${path}: cannot be read: ${(error as Error).message}`);
  }
  using _closed = file;
  const { size } = file.statSync();
  const bytes = new Uint8Array(CHUNK_BYTES);
  const decoder = new TextDecoder();
  const payment: StatedPayment = { key: "", user: 0, amountFen: 0, isPaid: false };
  let rest = "";
  let number = 0;
  const readLine = (line: string) => {
    number++;
    const cells = cellsOf(line);
    if (number === 1) {
      if (cells.slice(0, 4).join() !== "key,user,amount_fen,outcome") {
        throw new UserError(`${FLAG} ${path}: its first line must begin with key,user,amount_fen,outcome`);
      }
      return;
    }
    const [key, user, amountFen, outcome] = cells;
    const isRight = /^\d{1,10}$/.test(user) && /^\d{1,15}$/.test(amountFen) &&
      (outcome === "paid" || outcome === "refused");
    if (!isRight) throw new UserError(`${FLAG} ${path}: line ${number} is no payment: ${line.slice(0, 100)}`);
    payment.key = key;
    payment.user = Number(user);
    payment.amountFen = Number(amountFen);
    payment.isPaid = outcome === "paid";
    take(payment);
  };
  for (let got = file.readSync(bytes); got !== null; got = file.readSync(bytes)) {
    onStage(path, got, size, "bytes");
    const text = rest + decoder.decode(bytes.subarray(0, got), { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      readLine(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
  }
  if (rest !== "") throw new UserError(`${FLAG} ${path}: its last line has no end, so it is cut off`);
  if (number === 0) throw new UserError(`${FLAG} ${path}: is empty`);
}

/** The first cells of a line of CSV. */
function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",", 4);
  const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)];
  return cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
}
