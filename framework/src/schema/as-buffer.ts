/** Up to here a copy out of Node's pool costs less than a view: asking a small array for its `buffer` moves it first. */
const MAX_COPIED_BYTES = 1_024;

/** The same bytes as a `Buffer`: a small array copied, a large one seen through, so that a later change to it shows. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes.byteLength > MAX_COPIED_BYTES) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const copy = Buffer.allocUnsafe(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
