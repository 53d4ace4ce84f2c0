/// <reference lib="dom" />
/** What a guest hears and feels: sounds that are made here, without files, and vibration. */

type Feeling = "shake" | "nothing" | "won" | "opened" | "tick";

/** Tones of each: frequency in Hz, when it begins and how long it sounds in seconds, and how loud. */
const TONES: Readonly<
  Record<Feeling, readonly (readonly [hertz: number, at: number, seconds: number, gain: number])[]>
> = {
  shake: [],
  nothing: [[220, 0, 0.12, 0.05]],
  won: [[587, 0, 0.25, 0.14], [740, 0.09, 0.25, 0.14], [880, 0.18, 0.3, 0.14], [1175, 0.27, 0.6, 0.16]],
  opened: [[1319, 0, 0.12, 0.16], [1760, 0.08, 0.7, 0.16], [2637, 0.1, 0.9, 0.06], [880, 0.02, 0.5, 0.08]],
  tick: [[660, 0, 0.07, 0.08]],
};

const VIBRATION: Readonly<Record<Feeling, number | readonly number[]>> = {
  shake: 25,
  nothing: 0,
  won: [60, 40, 60, 40, 160],
  opened: [30, 30, 90],
  tick: 0,
};

/** Sounds and vibration of a page. Browsers allow sound only after a touch: `unlock` is called with each. */
export class Feel {
  isOn = true;
  #context: AudioContext | undefined;
  #rattle: AudioBuffer | undefined;

  unlock(): void {
    if (!this.isOn) return;
    try {
      this.#context ??= new AudioContext();
      if (this.#context.state === "suspended") void this.#context.resume().catch(() => {});
    } catch {
      // A browser without sound is a silent one.
    }
  }

  give(feeling: Feeling): void {
    const pattern = VIBRATION[feeling];
    if (pattern !== 0) navigator.vibrate?.(pattern as number | number[]);
    const context = this.#context;
    if (!this.isOn || context === undefined || context.state !== "running") return;
    if (feeling === "shake") this.#shake(context);
    for (const [hertz, at, seconds, gain] of TONES[feeling]) {
      const tone = context.createOscillator();
      tone.type = "triangle";
      tone.frequency.value = hertz;
      const startS = context.currentTime + at;
      tone.connect(fading(context, startS, seconds, gain));
      tone.start(startS);
      tone.stop(startS + seconds);
    }
  }

  /** A short rattle: noise through a narrow gap. */
  #shake(context: AudioContext): void {
    this.#rattle ??= rattle(context);
    const source = context.createBufferSource();
    source.buffer = this.#rattle;
    const gap = context.createBiquadFilter();
    gap.type = "bandpass";
    gap.frequency.value = 2_600;
    source.connect(gap).connect(fading(context, context.currentTime, 0.16, 0.22));
    source.start();
  }
}

function fading(context: AudioContext, startS: number, seconds: number, gain: number): GainNode {
  const volume = context.createGain();
  volume.gain.setValueAtTime(gain, startS);
  volume.gain.exponentialRampToValueAtTime(0.0005, startS + seconds);
  volume.connect(context.destination);
  return volume;
}

/** Noise that is the same each time: it needs no chance. */
function rattle(context: AudioContext): AudioBuffer {
  const buffer = context.createBuffer(1, Math.ceil(context.sampleRate * 0.18), context.sampleRate);
  const samples = buffer.getChannelData(0);
  let state = 1;
  for (let i = 0; i < samples.length; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    samples[i] = state / 0x8000_0000;
  }
  return buffer;
}
