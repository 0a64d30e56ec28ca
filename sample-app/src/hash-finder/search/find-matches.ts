import { hash } from 'node:crypto';
import { byteStrings } from './byte-strings.js';
import { hammingDistance } from './hamming-distance.js';

/** What to look for. */
export interface Wanted {
  readonly name: string;
  /** Within this distance of the name the search is over. */
  readonly idealDistance: number;
  /** Within this distance a hash is worth reporting on the way; no more than the ideal distance means none is. */
  readonly interestingDistance: number;
}

/** A byte string whose hash comes near the name. */
export interface Match {
  /** The byte string, in base64. */
  readonly secret: string;
  /** Its hash, in base64. */
  readonly hashedName: string;
  readonly hammingDistance: number;
}

/** Why a search ended: on an ideal match, because it was stopped, or because it had tried as many as it may. */
export type Ending = 'ideal' | 'stopped' | 'exhausted';

/**
 * Hashes byte strings one after another, yields what is near enough, and ends at the first ideal match.
 *
 * @param maximumHashes how many to try
 * @param isStopped asked before each hash
 */
export function* findMatches(
  wanted: Wanted,
  maximumHashes: number,
  isStopped: () => boolean,
): Generator<Match, Ending, void> {
  const { name, idealDistance, interestingDistance } = wanted;
  let hashes = 0;
  for (const secret of byteStrings()) {
    if (isStopped()) return 'stopped';
    const hashedName = hash('sha1', secret, 'base64');
    const distance = hammingDistance(name, hashedName);
    if (distance <= Math.max(idealDistance, interestingDistance)) {
      yield { secret: Buffer.from(secret).toString('base64'), hashedName, hammingDistance: distance };
    }
    if (distance <= idealDistance) return 'ideal';
    if (++hashes >= maximumHashes) break;
  }
  return 'exhausted';
}
