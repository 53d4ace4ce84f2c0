import { assert } from "../../base/assert.ts";
import type { LedgerHead } from "../../ledger/chain/links.ts";
import type { ClaimDisk, ClaimDiskFile } from "./claim_disk.ts";
import { type Claim, decodeClaim, encodeClaim, encodeMark, markOffset, MARKS } from "./claim_file.ts";

/** What a claim's file is called, in either place: by the content of the seed file, whatever that is called. */
export function claimName(hash: string): string {
  return `${hash}.claim`;
}

/** One of the two places of a claim, and the claim in it if there is one. */
export class ClaimPlace {
  readonly path: string;
  readonly folder: string;
  claim: Claim | undefined;
  /** There is a file, and it is none that can be believed. */
  damage: string | undefined;
  readonly #disk: ClaimDisk;
  #file: ClaimDiskFile | undefined;
  /** Where the next mark goes: never over the newest one. */
  #slot = 0;
  #noted: LedgerHead | undefined;
  #isBusy = false;
  /** The claim and its name are durable. */
  #isSettled = false;

  constructor(disk: ClaimDisk, folder: string, hash: string) {
    this.#disk = disk;
    this.folder = folder;
    this.path = `${folder}/${claimName(hash)}`;
  }

  /** Opens what is there, and keeps it to this process until it is closed; false if another process has it. */
  async open(): Promise<boolean> {
    this.#file = await this.#disk.open(this.path);
    if (this.#file === undefined) return true;
    const isOurs = await this.#file.tryLock();
    const bytes = await this.#file.read();
    const links = await this.#file.links();
    try {
      this.claim = decodeClaim(bytes);
      this.#slot = nextSlot(this.claim);
      this.#isSettled = this.claim.marks.some((mark) => mark !== undefined);
      if (links > 1) throw new Error(`it has ${links} names (hard links): remove the others`);
    } catch (error) {
      this.claim = undefined;
      this.damage = (error as Error).message.split("\n")[0];
    }
    return isOurs;
  }

  /**
   * Makes the claim under another name, and gives it its own once it is whole and durable; a name that is taken can't be
   * had. That makes it exclusive, on any server that sees the folder.
   *
   * @throws AlreadyExists or NotFound of Deno if another server was faster
   */
  async make(headText: string, token: string): Promise<void> {
    assert(this.#file === undefined, "there is no claim here");
    const whole = `${this.path}.${token}.new`;
    const file = await this.#disk.create(whole);
    const bytes = encodeClaim(headText);
    try {
      await file.tryLock();
      await file.write(0, bytes);
      await file.sync();
      await this.#disk.link(whole, this.path);
      await this.#disk.remove(whole);
    } catch (error) {
      file.close();
      // What can't be removed now is swept at the next start.
      await this.#disk.remove(whole).catch(() => {});
      throw error;
    }
    this.claim = decodeClaim(bytes);
    this.#file = file;
    this.#slot = 0;
    this.damage = undefined;
  }

  /** Makes the claim and its name durable: whoever made it may have died before. */
  async settle(): Promise<void> {
    await this.#file!.sync();
    await this.#disk.syncFolder(this.folder);
    this.#isSettled = true;
  }

  /** Notes what the ledger is now; durable when it returns. Throws if that can't be had, and may be tried again. */
  async note(mark: LedgerHead): Promise<void> {
    if (this.#isBusy) throw new Error("its disk has not answered yet");
    this.#isBusy = true;
    try {
      // By an operator; or before it was locked, by the server that had made it and took it back.
      if (this.#file === undefined || await this.#file.links() === 0) throw new Error("it was removed");
      if (this.#noted?.seq === mark.seq && this.#noted.headHex === mark.headHex) return;
      if (!this.#isSettled) await this.settle();
      // In turn: whatever becomes of this mark, the other stands. After a failure the same place is tried again.
      await this.#file.write(markOffset(this.claim!.headText, this.#slot), encodeMark(mark));
      await this.#file.sync();
      this.#noted = mark;
      this.#slot = (this.#slot + 1) % MARKS;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Takes a claim back that was made a moment ago, and is in force for nobody. */
  async takeBack(): Promise<void> {
    await this.#disk.remove(this.path);
    await this.#disk.syncFolder(this.folder);
    this.close();
  }

  /** Keeps what is here under another name, for whoever wants to know what happened. */
  async setAside(token: string): Promise<void> {
    if (this.#file === undefined) return;
    await this.#disk.link(this.path, `${this.path}.${token}.aside`);
    await this.takeBack();
  }

  /** Removes what a server has left that died while it made its claim. */
  async sweep(): Promise<void> {
    const begins = this.path.slice(this.folder.length + 1);
    for (const name of await this.#disk.names(this.folder)) {
      if (!name.startsWith(`${begins}.`) || !name.endsWith(".new")) continue;
      const left = await this.#disk.open(`${this.folder}/${name}`);
      if (left === undefined) continue;
      if (await left.tryLock()) await this.#disk.remove(`${this.folder}/${name}`);
      left.close();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.claim = undefined;
  }
}

/** The place of the older mark, or of one that is none. */
function nextSlot({ marks }: Claim): number {
  const [first, second] = marks.map((mark) => mark?.seq ?? -1);
  return first <= second ? 0 : 1;
}
