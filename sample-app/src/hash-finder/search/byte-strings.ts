/**
 * All byte strings: the empty one, then those of one byte, of two, …; each length in lexicographic order. It never ends.
 *
 * The array changes with the next step: take what you need of it before you go on.
 */
export function* byteStrings(): Generator<Uint8Array, never> {
  for (let length = 0; ; length++) {
    const bytes = new Uint8Array(length);
    do yield bytes;
    while (increment(bytes));
  }
}

/** Counts one up, the last byte first. @returns `false` when it was the last of its length */
function increment(bytes: Uint8Array): boolean {
  for (let index = bytes.length - 1; index >= 0; index--) {
    const next = (bytes[index] ?? 0) + 1;
    bytes[index] = next; // 256 is stored as 0
    if (next < 256) return true;
  }
  return false;
}
