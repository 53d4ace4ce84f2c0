/** A fleet's writers and readers of frames, as the conformance kit sees them. */
import { readFrame, type Values, writeFrame } from "../../core/wire/frame_codec.ts";
import { FrameCursor, WHOLE_FRAME } from "../../core/wire/frame_cursor.ts";
import type { Fields, Frame } from "../../core/wire/schema.ts";
import { frames, Opcode1, responseFrames1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import {
  writeClaim,
  writeDelivered,
  writeLogin,
  writeOpen,
  writePing,
  writeShake,
} from "../../core/wire/v1/writers.ts";
import { bytesOf, type ClientUnderTest, type Heard, type KitOptions } from "./client_conformance.ts";

const UNIX_MS = 1_424_268_000_000;

export const FLEET: Omit<KitOptions, "examples"> = {
  make: () => new FleetClient(),
  skips: {},
  untold: {},
  unknownFrames: "ends",
};

type Said = Readonly<Record<string, unknown>>;
const names = new Map(Object.entries(Opcode1).map(([name, opcode]) => [opcode, name]));

/** Writes with the writers that a fleet has, and reads as it does. */
class FleetClient implements ClientUnderTest {
  readonly #cursor = new FrameCursor(responseFrames1(), 1, 1_024);
  #sent: string[] = [];
  #heard: Heard[] = [];
  #isOpen = false;

  begin({ user, keyId, expiresMs, mac }: Said): Promise<void> {
    const token = new Uint8Array(TOKEN_BYTES);
    const view = new DataView(token.buffer);
    view.setUint32(0, keyId as number);
    view.setBigUint64(4, BigInt(expiresMs as number));
    token.set(bytesOf(mac as string), 12);
    this.#isOpen = true;
    this.#write((view) => writeLogin(view, 0, UNIX_MS, user as number, token));
    return Promise.resolve();
  }

  act(name: string, values: Said): void {
    const { requestId, packetId } = values as Record<string, number>;
    const own: Record<string, (view: DataView) => number> = {
      ping: (view) => writePing(view, 0, UNIX_MS),
      shake: (view) => writeShake(view, 0, UNIX_MS, requestId),
      open: (view) => writeOpen(view, 0, UNIX_MS, packetId),
      claim: (view) => writeClaim(view, 0, UNIX_MS, packetId),
      delivered: (view) => writeDelivered(view, 0, UNIX_MS, packetId),
    };
    const frame: Frame = frames[name as keyof typeof frames];
    const { mac } = values;
    const given = mac === undefined ? values : { ...values, mac: bytesOf(mac as string) };
    this.#write(own[name] ?? ((view) => writeFrame(frame, view, 0, UNIX_MS, given as Values<Fields>)));
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    const cursor = this.#cursor;
    const view = new DataView(bytes.buffer);
    for (let at = 0; this.#isOpen && at < bytes.length; at += 1_024) {
      cursor.load(0, bytes, view, at, Math.min(bytes.length, at + 1_024));
      let step = cursor.next();
      for (; step === WHOLE_FRAME; step = cursor.next()) this.#read();
      if (step < 0) this.#isOpen = false;
    }
  }

  lose(): void {
    this.#cursor.forget(0);
  }

  sent(): Promise<string[]> {
    return Promise.resolve(this.#sent.splice(0));
  }

  heard(): Promise<Heard[]> {
    return Promise.resolve(this.#heard.splice(0));
  }

  isOpen(): boolean {
    return this.#isOpen;
  }

  #read(): void {
    const { view, at, opcode } = this.#cursor;
    const name = names.get(opcode)!;
    if (name === "loginResult") return;
    const values: Record<string, unknown> = readFrame(frames[name as keyof typeof frames] as Frame, view, at);
    const plain = Object.entries(values).map((
      [field, value],
    ) => [field, value instanceof Uint8Array ? value.toHex() : value]);
    this.#heard.push({ name, values: Object.fromEntries(plain) });
  }

  #write(write: (view: DataView) => number): void {
    const bytes = new Uint8Array(4_096);
    this.#sent.push(bytes.subarray(0, write(new DataView(bytes.buffer))).toHex());
  }
}
