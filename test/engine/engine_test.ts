import { describeEngine } from "./engine_conformance.ts";
import { kits } from "./engine_kits.ts";

for (const kit of kits) describeEngine(kit, kit.whyNot());
