import { describeBooks } from "./books_conformance.ts";
import { INTAKE_CASES } from "./intake_cases.ts";

describeBooks(INTAKE_CASES);
