/** Characters of a SHA-1 hash in base64: 20 bytes make 27 characters and one `=`. */
export const HASH_LENGTH = 28;

/** The last character before the `=` carries four bits of the hash, so it is one of sixteen. */
export const LAST_CHARACTERS = 'AEIMQUYcgkosw048';

/** The least distance that any hash can have from a name of 1 to {@link HASH_LENGTH} base64 characters. */
export function leastDistance(name: string): number {
  const characters = Array.from(name.toLowerCase());
  let least = characters.length;
  for (let start = 0; start + characters.length <= HASH_LENGTH; start++) {
    least = Math.min(least, characters.filter((character, index) => !isPossible(character, start + index)).length);
  }
  return least;
}

/** Whether a hash, in lower case, may have this character there. */
function isPossible(character: string, position: number): boolean {
  if (position === HASH_LENGTH - 1) return character === '=';
  if (position === HASH_LENGTH - 2) return LAST_CHARACTERS.toLowerCase().includes(character);
  return character !== '=';
}
