/** What the first bytes of a picture say: nothing is drawn here, so a picture that lies about itself does no harm. */

export interface ImageHeader {
  readonly type: "image/png" | "image/jpeg" | "image/webp";
  readonly width: number;
  readonly height: number;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Type and size of a picture; undefined if it is none that every phone shows. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    if (PNG.every((byte, i) => bytes[i] === byte) && textAt(bytes, 12, 4) === "IHDR") {
      return { type: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
    }
    if (view.getUint16(0) === 0xffd8) return jpegHeader(view);
    if (textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP") return webpHeader(bytes, view);
  } catch (error) {
    // Cut off before its size.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** The size is in the first frame header; what stands before says how long it is. */
function jpegHeader(view: DataView): ImageHeader | undefined {
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { type: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}

function webpHeader(bytes: Uint8Array, view: DataView): ImageHeader | undefined {
  const type = "image/webp";
  switch (textAt(bytes, 12, 4)) {
    case "VP8 ":
      return { type, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { type, width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    case "VP8X": {
      const of24 = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
      return { type, width: of24(24), height: of24(27) };
    }
  }
  return undefined;
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
