// Small PNG files for tests, good and bad.

import { deflateSync } from "node:zlib";

const TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc(bytes) {
  let c = 0xffffffff;
  for (const b of bytes) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

function header(width, height) {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, 0, 0, 0, 0], 8); // 8 bit grey
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", data)]);
}

/// A grey PNG; `grey(x, y)` gives 0 to 255.
export function png(width, height, grey) {
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) raw[y * (width + 1) + 1 + x] = grey(x, y);
  }
  const data = chunk("IDAT", deflateSync(raw));
  return Buffer.concat([header(width, height), data, chunk("IEND", Buffer.alloc(0))]);
}

/// A few bytes that announce a picture of any size.
export function announced(width, height) {
  const data = chunk("IDAT", deflateSync(Buffer.alloc(64)));
  return Buffer.concat([header(width, height), data, chunk("IEND", Buffer.alloc(0))]);
}

/// Something like a film: bright body, two dark lungs.
export const filmLike = (width, height) =>
  png(width, height, (x, y) => {
    const [u, v] = [x / width - 0.5, y / height - 0.5];
    const body = Math.hypot(u / 0.47, v / 0.6) < 1 ? 170 : 4;
    const lung = Math.hypot((Math.abs(u) - 0.2) / 0.14, (v + 0.05) / 0.32) < 1 ? 100 : 0;
    return Math.max(0, body - lung + ((x * 7 + y * 13) % 11));
  });
