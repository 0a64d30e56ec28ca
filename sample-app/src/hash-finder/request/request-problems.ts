import type { HashNameRequest } from '../../gen/hash_name_pb.js';
import { HASH_LENGTH, LAST_CHARACTERS, leastDistance } from './least-distance.js';

/** Enough to see what is wrong with a name of any length. */
const MAX_LISTED_CHARACTERS = 5;

/** The fields of a request that decide on a search. */
export type HashNameFields = Pick<
  HashNameRequest,
  'desiredName' | 'idealHammingDistance' | 'interestingHammingDistance'
>;

/** Everything that is wrong with a request of Find, each with its field and the reason; `[]` when nothing is. */
export function findProblems(request: HashNameFields): string[] {
  // Find does not read the interesting distance, so only one that nobody can have meant is refused
  return problemsWith(request, request.idealHammingDistance);
}

/** Everything that is wrong with a request of FindRange, each with its field and the reason; `[]` when nothing is. */
export function findRangeProblems(request: HashNameFields): string[] {
  const { desiredName, idealHammingDistance, interestingHammingDistance } = request;
  const problems = problemsWith(request, Math.max(idealHammingDistance, interestingHammingDistance));
  // a distance of the whole name is allowed: it reports every hash. None can be farther away
  if (isSearchable(desiredName) && interestingHammingDistance > desiredName.length) {
    problems.push(
      `interesting_hamming_distance is ${interestingHammingDistance}, but no hash differs from desired_name in more than its ${counted(desiredName.length)}`,
    );
  }
  return problems;
}

/** @param farthest the distance up to which a hash is reported */
function problemsWith(request: HashNameFields, farthest: number): string[] {
  const { desiredName: name, idealHammingDistance: ideal, interestingHammingDistance: interesting } = request;
  return [
    ...nameProblems(name),
    ...negativeProblems('ideal_hamming_distance', ideal),
    ...negativeProblems('interesting_hamming_distance', interesting),
    // compared with a name that is wrong itself, a distance says nothing
    ...(isSearchable(name) ? idealProblems(name, ideal, farthest) : []),
  ];
}

function isSearchable(name: string): boolean {
  return nameProblems(name).length === 0;
}

function nameProblems(name: string): string[] {
  if (name === '') return [`desired_name is empty, so every hash would have it: give 1 to ${HASH_LENGTH} characters`];
  const characters = Array.from(name);
  const problems: string[] = [];
  if (characters.length > HASH_LENGTH) {
    problems.push(`desired_name has ${characters.length} characters, more than the ${HASH_LENGTH} of a hash in base64`);
  }
  const foreign = [...new Set(characters)].filter((character) => !/^[A-Za-z0-9+/=]$/.test(character));
  if (foreign.length > 0) problems.push(`desired_name has ${listed(foreign)}, which no hash in base64 has`);
  return problems;
}

function negativeProblems(field: string, distance: number): string[] {
  return distance < 0 ? [`${field} is negative: ${distance}`] : [];
}

function idealProblems(name: string, ideal: number, farthest: number): string[] {
  if (ideal >= name.length) {
    return [
      `ideal_hamming_distance is ${ideal}, so any hash would do: it must be less than the ${counted(name.length)} of desired_name`,
    ];
  }
  const least = leastDistance(name);
  // a client that asks for interesting hashes gets those, though the ideal one never comes
  if (ideal < 0 || farthest >= least) return [];
  return [
    `ideal_hamming_distance is ${ideal}, but no hash comes nearer to desired_name than ${least}: a hash has "=" only as the last of ${HASH_LENGTH} characters, after one of ${LAST_CHARACTERS}`,
  ];
}

function counted(characters: number): string {
  return characters === 1 ? '1 character' : `${characters} characters`;
}

function listed(characters: readonly string[]): string {
  const shown = characters.slice(0, MAX_LISTED_CHARACTERS).map((character) => JSON.stringify(character));
  return shown.join(', ') + (characters.length > shown.length ? ', …' : '');
}
