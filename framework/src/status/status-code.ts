/**
 * The status codes of gRPC.
 *
 * @see gRPC core, "Status codes and their use in gRPC"
 */
export const StatusCode = Object.freeze({
  /** The call succeeded. */
  OK: 0,
  /** The call was cancelled, usually by the caller. */
  CANCELLED: 1,
  /** An error that carries no status of its own. */
  UNKNOWN: 2,
  /** The caller's argument is wrong, whatever the state of the system. */
  INVALID_ARGUMENT: 3,
  /** The deadline passed before the call could finish. */
  DEADLINE_EXCEEDED: 4,
  /** What was asked for does not exist. */
  NOT_FOUND: 5,
  /** What should be created exists already. */
  ALREADY_EXISTS: 6,
  /** The caller is known and may not do this. */
  PERMISSION_DENIED: 7,
  /** A quota, a limit or a disk is used up. */
  RESOURCE_EXHAUSTED: 8,
  /** The system is not in the state that the call needs; trying again does not help until it is. */
  FAILED_PRECONDITION: 9,
  /** A concurrency conflict; trying again from the start may help. */
  ABORTED: 10,
  /** Past the end of what there is: unlike INVALID_ARGUMENT, the state of the system decides. */
  OUT_OF_RANGE: 11,
  /** No such method here. */
  UNIMPLEMENTED: 12,
  /** Something that must hold does not: a bug. */
  INTERNAL: 13,
  /** Not reachable now; trying again may help. */
  UNAVAILABLE: 14,
  /** Data is lost beyond recovery. */
  DATA_LOSS: 15,
  /** The caller did not say who it is. */
  UNAUTHENTICATED: 16,

  /** The name of a code, `name(5) === 'NOT_FOUND'`; what is not a code is `UNKNOWN(99)`. */
  name(code: number): string {
    return NAMES[code] ?? `UNKNOWN(${code})`;
  },
} as const);

/** One of the 17 status codes: a whole number from 0 to 16. */
export type StatusCode = Exclude<(typeof StatusCode)[keyof typeof StatusCode], (code: number) => string>;

const NAMES: readonly string[] = Object.entries(StatusCode)
  .filter((entry): entry is [string, StatusCode] => typeof entry[1] === 'number')
  .sort((a, b) => a[1] - b[1])
  .map(([name]) => name);

/** Whether a value is one of the 17 codes. */
export function isStatusCode(value: unknown): value is StatusCode {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NAMES.length;
}
