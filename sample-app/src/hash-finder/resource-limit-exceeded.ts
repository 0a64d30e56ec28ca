/** A search has tried as many hashes as the server allows. */
export class ResourceLimitExceeded extends Error {
  override readonly name = 'ResourceLimitExceeded';

  constructor(readonly maximumHashes: number) {
    super(`None of the first ${maximumHashes} hashes comes within the ideal distance`);
  }
}
