/** Thrown at boot when an internal of a library that the framework leans on is not there and nothing can stand in for it. */
export class InternalsError extends Error {
  override readonly name = 'InternalsError';

  /**
   * @param entry the internal's name in its quarantine file
   * @param installed the versions that were found
   * @param without what cannot work without it
   */
  constructor(
    readonly entry: string,
    readonly installed: string,
    without: string,
  ) {
    super(
      `"${entry}" is not where nestjs-servicer looks for it in ${installed}: ${without}. ` +
        'Use versions that nestjs-servicer names as its peers, or report these.',
    );
  }
}
