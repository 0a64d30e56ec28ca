import type { EOF } from '../streams/eof.js';
import { ServicerContext } from './servicer-context.js';

/**
 * The context of a call with a stream, for handlers that read and write message by message instead of iterating:
 * grpcio's second style. Declared as a parameter it is bound by its class, wherever it stands.
 *
 * A handler that takes its requests here must not iterate them as well: that throws a `UsageError`.
 */
export abstract class StreamContext<Request = unknown, Response = unknown> extends ServicerContext {
  /**
   * The next request, or {@link EOF} once the client has sent its last; again and again thereafter.
   *
   * @throws {CallEndedError} when the call ends first: a client that went away never looks like one that was done
   * @throws {UsageError} when another read is waiting
   */
  abstract read(): Promise<Request | typeof EOF>;

  /** The next request. @throws {EofError} once the client has sent its last; otherwise as {@link read} */
  abstract receive(): Promise<Request>;

  /**
   * Sends one response; resolves when the next may be written (at once, unless the client reads too slowly).
   *
   * @throws {CallEndedError} when the call has ended
   */
  abstract write(response: Response): Promise<void>;

  /** The same as {@link write}. */
  abstract send(response: Response): Promise<void>;
}
