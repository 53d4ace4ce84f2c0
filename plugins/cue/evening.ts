import type { PluginEvening } from "../../core/plugin/plugin.ts";

/**
 * Phones count down to the waves by themselves, and all hear at once, as they are few. They shake no faster than a hand; a
 * page's own pace is a little slower.
 */
export const evening: PluginEvening = {
  settings: { waves: true, spreadMs: 300, minShakeMs: 400, retryFirstMs: 1_000, retryMostMs: 8_000 },
};
