import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { canonicalJson } from "../../ledger/record/order_text.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import { type ShowDocument, showSchema } from "../document.ts";
import { approvePlan } from "../signed.ts";

const PROPOSAL_VERSION = 1;

const proposalSchema = z.strictObject({
  schemaVersion: z.literal(PROPOSAL_VERSION),
  /** The document that it changes: from another one it must be made anew. */
  base: z.string(),
  /** What was asked for, in words, and what it comes to. */
  action: z.string(),
  changes: z.array(z.string()),
  /** The document as it would be; its numbers and times are given when it is sent. */
  show: showSchema,
});

/** A change of the plan that waits for a second person. */
export type Proposal = Omit<z.infer<typeof proposalSchema>, "schemaVersion">;

export function writeProposal(path: string, proposal: Proposal): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")) || ".", { recursive: true });
  const text = JSON.stringify({ schemaVersion: PROPOSAL_VERSION, ...proposal }, null, 2);
  Deno.writeTextFileSync(`${path}.new`, `${text}\n`);
  Deno.renameSync(`${path}.new`, path);
}

/** @throws UserError */
export function readProposal(path: string): Proposal {
  let json: unknown;
  try {
    json = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    throw new UserError(`${path}: is no proposal: ${(error as Error).message}`);
  }
  const read = proposalSchema.safeParse(json);
  if (read.success) {
    const { schemaVersion: _version, ...proposal } = read.data;
    return proposal;
  }
  throw new UserError(
    read.error.issues.map(({ path: at, message }) => `${path}: ${at.join(".")}: ${message}`).join("\n"),
  );
}

/** Adds a person's approval; one is enough of each. */
export function withApproval(proposal: Proposal, key: SigningKey): Proposal {
  const others = proposal.show.approvals.filter((one) => one.key !== key.id);
  return { ...proposal, show: { ...proposal.show, approvals: [...others, approvePlan(proposal.show, key)] } };
}

/** Whether two documents have the same plan, so that its approvals hold for both. */
export function isSamePlan(a: Pick<ShowDocument, "plan">, b: Pick<ShowDocument, "plan">): boolean {
  return canonicalJson(a.plan) === canonicalJson(b.plan);
}
