import { z } from "zod";
import { flag, type Flags, switchFlag } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { LedgerIdentity } from "../ledger/store/ledger_identity.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";
import { SeedClaims } from "./claim/claims.ts";
import { CLAIMS_FLAG, claimsDirectory } from "./claim/claims_directory.ts";
import { claimProblems } from "./claim/claim_problems.ts";
import { SeedFile } from "./file/seed_file.ts";

const FLAGS = {
  ledger: flag("DIR", "the ledger that gives the file's tickets away", z.string().min(1).optional()),
  claims: CLAIMS_FLAG,
  mend: switchFlag("puts back a claim that is gone or damaged from the other, or converts an old one"),
  "trust-ledger": flag(
    "WHY",
    "with --mend: makes both claims anew though nothing proves the ledger; the reason is kept in them",
    z.string().min(1).optional(),
  ),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt seed claim`. */
export const claimCommand = commandOf({
  name: "seed claim",
  about: "Compares both claims of a seed file with the ledger that gives it away, and mends them.\n" +
    "Exit code 1 if something is wrong. With --mend it puts right what can be proven. --trust-ledger goes without a\n" +
    "proof: give it only if no other ledger has used the file, and no newer state of this one exists, or tickets may\n" +
    "be given twice.",
  takes: "FILE",
  flags: FLAGS,
  examples: [
    {
      line: "redpkt seed claim seeds/host-000.seed --ledger data",
      shows: "whether both claims know that ledger",
    },
    {
      line: "redpkt seed claim seeds/host-000.seed --ledger data --mend",
      shows: "puts back one that is gone",
    },
  ],
}, async (host, values, operands) => {
  const { ledger: directory, mend, "trust-ledger": trusted, json } = values;
  const problems = [
    ...(operands.length === 1
      ? []
      : [`give a file, such as seeds/host-000.seed: redpkt seed claim FILE --ledger DIR`]),
    ...(directory === undefined ? ["--ledger: is missing: name the ledger that gives the tickets away"] : []),
    ...(trusted !== undefined && !mend ? ["--trust-ledger: goes with --mend"] : []),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  // Whoever mistypes a directory must not find a new ledger in it.
  new TruthReader(directory!).close();
  const claims = claimsDirectory(host, values.claims);
  using seed = new SeedFile(operands[0]);
  if (!mend) {
    const wrong = claimProblems(new LedgerIdentity(directory!), [seed], claims);
    writeResult(
      host,
      json,
      { problems: wrong },
      () =>
        wrong.length === 0
          ? "ok: both claims are there, and know this ledger\n"
          : wrong.map((problem) => `WRONG  ${problem}\n`).join(""),
    );
    return wrong.length === 0 ? ExitCode.ok : ExitCode.failed;
  }
  const lock = DirectoryLock.take(directory!, "--ledger");
  try {
    const ledger = new LedgerIdentity(directory!);
    const options = { seed, ledger, directory: claims, wallMs: host.clock.wallMs() };
    const mended = await SeedClaims.mend(options, trusted);
    writeResult(host, json, { mended }, () => `${mended}\n`);
    return ExitCode.ok;
  } finally {
    lock.release();
  }
});
