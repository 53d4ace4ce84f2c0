/// <reference lib="dom" />
/** The phone's motion sensor, where there is one and the guest lets the page have it. */
import { MotionDetector } from "./motion.ts";

/** `ask`: the guest must allow it first, by a touch. `silent`: allowed, and nothing has been heard of it. */
export type SensorState = "none" | "ask" | "silent" | "on" | "denied";

/** On iOS the sensor is there after a permission, which is asked for by a touch. */
interface AskingMotionEvent {
  requestPermission?(): Promise<"granted" | "denied">;
}

export class Sensor {
  state: SensorState;
  readonly #detector = new MotionDetector();
  readonly #shaken: () => void;
  readonly #changed: () => void;
  #isListening = false;

  constructor(shaken: () => void, changed: () => void) {
    this.#shaken = shaken;
    this.#changed = changed;
    this.state = !("DeviceMotionEvent" in globalThis) || !isSecureContext
      ? "none"
      : asking().requestPermission === undefined
      ? "silent"
      : "ask";
    if (this.state === "silent") this.#listen();
  }

  /** Asks for the permission; must be called within a touch. */
  async ask(): Promise<void> {
    if (this.state !== "ask") return;
    try {
      this.state = await asking().requestPermission!() === "granted" ? "silent" : "denied";
    } catch {
      // Asked without a touch: it can be asked again.
    }
    if (this.state === "silent") this.#listen();
    this.#changed();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    addEventListener("devicemotion", ({ acceleration, accelerationIncludingGravity, timeStamp }) => {
      const found = acceleration?.x == null ? accelerationIncludingGravity : acceleration;
      if (found?.x == null || found.y == null || found.z == null) return;
      if (this.state !== "on") {
        this.state = "on";
        this.#changed();
      }
      if (this.#detector.add(found.x, found.y, found.z, timeStamp)) this.#shaken();
    });
  }
}

function asking(): AskingMotionEvent {
  return DeviceMotionEvent as unknown as AskingMotionEvent;
}
