import { type Cue, CueState, type ShowDocument, showWaves, type Wave } from "../../core/plugin/plugin.ts";
import { HELD } from "./told.ts";

/** A wave that goes on after its planned end is told to go on for so long at a time. */
const LONGER_MS = 60_000;

/**
 * The cue of a host's waves: of the one that is on, else of the next.
 *
 * @param told the cue that users have, if any
 */
export function cueOfWaves(waves: readonly Wave[], wallMs: number, told: Cue | undefined): Cue | undefined {
  const open = waves.filter(({ isOver, startMs }) => !isOver && Number.isFinite(startMs));
  const begun = open.filter(({ startMs }) => startMs <= wallMs).sort((a, b) => b.startMs - a.startMs);
  const wave = begun[0] ?? open.toSorted((a, b) => a.startMs - b.startMs)[0];
  if (wave === undefined) {
    // What is over by its own end needs no word; what was cut short does.
    const isOn = told?.state === CueState.planned && wallMs < told.startMs + told.lengthMs;
    return isOn ? HELD : told;
  }
  if (wave.isHeld) return { ...HELD, wave: waves.indexOf(wave) + 1 };
  const startMs = Math.round(wave.startMs);
  const plannedMs = Math.round(wave.endMs) - startMs;
  const overMs = wallMs - startMs - plannedMs;
  const moreMs = overMs < 0 ? 0 : LONGER_MS * (1 + Math.floor(overMs / LONGER_MS));
  return {
    state: CueState.planned,
    wave: waves.indexOf(wave) + 1,
    resource: wave.resource,
    startMs,
    lengthMs: Math.min(0xffff_ffff, plannedMs + moreMs),
  };
}

/**
 * The waves of a show as they are on a host.
 *
 * @param own those of whoever releases packets there: a wave that still has some isn't over at its end
 */
export function wavesOfShow(show: ShowDocument, own: readonly Wave[], wallMs: number): Wave[] {
  return showWaves(show).map(({ name, startMs, lengthMs, pausedMs, isCut, resource }) => {
    const endMs = startMs + lengthMs;
    const isOver = own.find((wave) => wave.name === name)?.isOver ?? wallMs >= endMs;
    return {
      name,
      startMs,
      endMs,
      isHeld: pausedMs !== undefined,
      isOver: isCut || isOver,
      resource: resource ?? 0,
    };
  });
}
