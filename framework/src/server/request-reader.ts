import type { IncomingCall } from '../call/incoming-call.js';
import type { MessageCodec } from '../schema/service-schema.js';
import { UsageError } from '../status/usage-error.js';
import { EOF } from '../streams/eof.js';

type Style = 'iterated' | 'read';

interface Waiter {
  readonly message: (message: unknown) => void;
  readonly end: () => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
const ignore = (): void => undefined;

/** A call's requests, pulled one at a time, by iteration or by `read()`: one call uses one of the two. */
export class RequestReader {
  #style: Style | undefined;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;
  #finished = false;

  /** @param undecodable makes the error for a request that is no message of its type */
  constructor(
    private readonly incoming: IncomingCall,
    private readonly codec: MessageCodec,
    private readonly undecodable: (cause: unknown) => Error,
  ) {}

  /** Consumes the requests as an iterator. */
  iterate(): AsyncIterator<unknown> {
    let returned = false;
    return {
      next: () => (returned ? Promise.resolve(DONE) : this.#next()),
      return: () => {
        returned = true;
        return Promise.resolve(DONE);
      },
    };
  }

  /** The next request, or {@link EOF}. The promise may be left alone: it raises no unhandled rejection. */
  read(): Promise<unknown> {
    const promise = this.#pull<unknown>('read', (message) => message, EOF);
    promise.catch(ignore);
    return promise;
  }

  /** Ends every read, the one that waits too. */
  fail(error: Error): void {
    this.#failure = error;
    this.#takeWaiter()?.reject(error);
  }

  /**
   * Nobody sends requests any more because the servicer ended the call itself: iterating ends (W18), while a `read()` that
   * is still asked for fails.
   */
  finish(mistake: Error): void {
    this.#failure = mistake;
    this.#finished = true;
    const waiter = this.#takeWaiter();
    if (this.#style === 'iterated') waiter?.end();
    else waiter?.reject(mistake);
  }

  /** A message or the end may be there. */
  onReadable(): void {
    if (this.#waiter === undefined) return;
    const bytes = this.incoming.read();
    if (bytes === undefined) return;
    const waiter = this.#takeWaiter();
    if (bytes === null) waiter?.end();
    else this.#decode(bytes, waiter);
  }

  #next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#pull<IteratorResult<unknown, undefined>>('iterated', (value) => ({ done: false, value }), DONE);
  }

  #pull<Result>(style: Style, of: (message: unknown) => Result, end: Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#style ??= style;
      if (this.#style !== style)
        return reject(
          new UsageError('The requests of one call are either iterated or taken by read() and receive(), not both'),
        );
      if (this.#finished && style === 'iterated') return resolve(end);
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#waiter !== undefined)
        return reject(new UsageError('Another read of this call is waiting; await one read before the next'));
      this.#waiter = { message: (message) => resolve(of(message)), end: () => resolve(end), reject };
      this.onReadable();
    });
  }

  #decode(bytes: Uint8Array, waiter: Waiter | undefined): void {
    let message: unknown;
    try {
      message = this.codec.decode(bytes);
    } catch (cause) {
      waiter?.reject(this.undecodable(cause));
      return;
    }
    waiter?.message(message);
  }

  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }
}
