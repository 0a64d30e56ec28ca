import { describe, expect, it } from 'vitest';
import { byteStrings } from './byte-strings.js';

/** The byte strings at some positions, counted from 0. */
function at(...positions: number[]): number[][] {
  const found: number[][] = [];
  let position = 0;
  for (const bytes of byteStrings()) {
    if (positions.includes(position)) found.push([...bytes]);
    if (++position > Math.max(...positions)) return found;
  }
  return found;
}

describe('byte strings', () => {
  it('A3 begin with the empty one, then go by length and in lexicographic order', () => {
    expect(at(0, 1, 2, 3)).toEqual([[], [0], [1], [2]]);
  });

  it('A3 (differs: bytes go up to 255) carry over to the next length', () => {
    expect(at(256, 257, 258)).toEqual([[255], [0, 0], [0, 1]]);
    expect(at(256 + 256, 256 + 257)).toEqual([
      [0, 255],
      [1, 0],
    ]);
    expect(at(256 + 256 ** 2, 256 + 256 ** 2 + 1)).toEqual([
      [255, 255],
      [0, 0, 0],
    ]);
  });
});
