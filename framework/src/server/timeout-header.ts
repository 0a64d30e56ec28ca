const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * The time that a header block gives its call.
 *
 * @returns ms, or `undefined` when there is no well-formed `grpc-timeout`
 * @see gRPC over HTTP/2, "Requests", `TimeoutValue` and `TimeoutUnit`
 */
export function timeoutHeaderMs(headers: readonly string[]): number | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at] !== 'grpc-timeout') continue;
    const [, value, unit] = TIMEOUT.exec(headers[at + 1]!) ?? [];
    return value === undefined || unit === undefined ? undefined : Number(value) * UNIT_MS[unit]!;
  }
  return undefined;
}
