/** Whoever looks into files, is refused or goes on, closes them: a host that runs for weeks must not run out of them. */
import assert from "node:assert/strict";
import { backUp } from "../../core/audit/backup.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { showUser } from "../../core/audit/show.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { CHECKPOINT_FILE, CheckpointReader } from "../../core/ledger/checkpoint/checkpoint.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { DirectoryLock } from "../../core/ledger/disk/directory_lock.ts";
import { syncFolder } from "../../core/ledger/disk/sync_folder.ts";
import { readDurableTime, refuseOtherHost } from "../../core/ledger/evidence/host_notes.ts";
import { inspectLedger } from "../../core/ledger/evidence/inspect.ts";
import { projectedBalances } from "../../core/ledger/projection/projected_balances.ts";
import { catchUp } from "../../core/ledger/projection/projector.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { SortedBlocks } from "../../core/ledger/record/sorted_blocks.ts";
import { LedgerIdentity } from "../../core/ledger/store/ledger_identity.ts";
import { SqliteStore, TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";
import { reconcile } from "../../core/reconcile/reconcile.ts";
import { SeedClaims } from "../../core/seed/claim/claims.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";
import { seedFilesIn, verifySet } from "../../core/seed/file/verify_set.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { makeWorld } from "../audit/world.ts";

const TIMES = 3;

/** Files below some folders that this process has open: others of it, of tests that run beside this one, don't count. */
function openFiles(folders: readonly string[]): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return folders.some((folder) => path.startsWith(folder));
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

/** Calls what may be refused; a refusal is one of the ways to be tried. */
async function tried(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof Error);
  }
}

class Files implements Disposable {
  readonly set = new TestSet();
  readonly folder = Deno.makeTempDirSync();
  readonly ledger = `${this.folder}/ledger`;
  readonly damaged = `${this.folder}/damaged`;

  constructor() {
    for (const directory of [this.ledger, this.damaged]) {
      makeWorld(directory);
      catchUp(directory, new ManualClock());
    }
    Deno.writeTextFileSync(`${this.damaged}/${TRUTH_FILE}`, "no database ".repeat(999));
    Deno.truncateSync(`${this.damaged}/${CHECKPOINT_FILE}`, 20);
    Deno.writeTextFileSync(`${this.folder}/damaged.seed`, "no seed file ".repeat(99));
  }

  /** Every way to look, by what it is. */
  get ways(): Readonly<Record<string, () => unknown>> {
    const { set, folder, ledger, damaged } = this;
    const lock = (directory: string) => DirectoryLock.take(directory, "--ledger");
    const both = (look: (directory: string) => unknown) => async () => {
      await tried(() => look(ledger));
      await tried(() => look(damaged));
      await tried(() => look(`${folder}/none`));
    };
    return {
      check: both(checkLedger),
      inspect: both(inspectLedger),
      "show a user": both((directory) => showUser(directory, 1)),
      "a host's number": both((directory) => refuseOtherHost(directory, 9)),
      "event time": both(readDurableTime),
      balances: both(projectedBalances),
      "catch up": both((directory) => catchUp(directory, new ManualClock())),
      identity: both((directory) => new LedgerIdentity(directory)),
      checkpoint: both((directory) => CheckpointReader.open(`${directory}/${CHECKPOINT_FILE}`)?.close()),
      store: both((directory) => new SqliteStore(directory, "off").close()),
      judge: both((directory) => {
        const truth = new TruthReader(directory);
        openJudge(truth, directory, NO_LIMITS);
        truth.close();
      }),
      reconcile: both((directory) => reconcile({ ledgers: [directory], fleetFiles: [] })),
      lock: () => {
        const held = lock(ledger);
        assert.throws(() => lock(ledger));
        held.release();
      },
      backup: () => {
        backUp(ledger, `${folder}/backup`, () => {});
        Deno.removeSync(`${folder}/backup`);
      },
      "sync a folder": () => syncFolder(folder),
      sort: () => new SortedBlocks(2, 8).close(),
      seed: async () => {
        new SeedFile(set.path("host-a")).close();
        for (const path of [`${folder}/damaged.seed`, folder, `${folder}/none`]) {
          await tried(() => new SeedFile(path));
        }
        verifySet(set.folder, seedFilesIn(set.folder), new Map(), () => {});
      },
      claim: async () => {
        using seed = new SeedFile(set.path("host-b"));
        Deno.mkdirSync(`${folder}/claiming`, { recursive: true });
        const options = {
          seed,
          ledger: new LedgerIdentity(`${folder}/claiming`),
          directory: `${folder}/claims`,
        };
        const claims = await SeedClaims.take({ ...options, wallMs: 0 });
        await tried(() => SeedClaims.take({ ...options, wallMs: 0 })); // it is kept by the first
        claims.close();
        await SeedClaims.mend({ ...options, wallMs: 0 });
      },
    };
  }

  [Symbol.dispose](): void {
    this.set[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test({
  name: "no look into a ledger, a seed file or a claim leaves a file open, whether it is refused or not",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using files = new Files();
    const folders = [files.folder, files.set.folder];
    for (const [what, look] of Object.entries(files.ways)) {
      await look(); // what is loaded at the first time stays
      const before = openFiles(folders);
      for (let i = 0; i < TIMES; i++) await look();
      assert.ok(
        openFiles(folders) < before + TIMES,
        `${what}: ${before} open files became ${openFiles(folders)}`,
      );
    }
  },
});
