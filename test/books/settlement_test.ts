import { describeBooks } from "./books_conformance.ts";
import { AUDIT_CASES } from "./audit_cases.ts";
import { HOLD_CASES } from "./hold_cases.ts";
import { PAYMENT_CASES } from "./payment_cases.ts";
import { SETTLEMENT_CASES } from "./settlement_cases.ts";
import { STATEMENT_CASES } from "./statement_cases.ts";

describeBooks([...SETTLEMENT_CASES, ...PAYMENT_CASES, ...HOLD_CASES, ...STATEMENT_CASES, ...AUDIT_CASES]);
