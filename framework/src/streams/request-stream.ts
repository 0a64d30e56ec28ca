import { Observable, type Subscriber } from 'rxjs';

/**
 * A call's requests, as a handler gets them: iterate them, or use them as an `Observable`.
 *
 * Nothing is read before somebody asks. Iterating pulls one message at a time; a subscriber takes the next as soon as it
 * has dealt with the last.
 */
export class RequestStream<T> extends Observable<T> implements AsyncIterable<T> {
  readonly #open: () => AsyncIterator<T>;

  /** @param open starts to consume; called for each iteration or subscription */
  constructor(open: () => AsyncIterator<T>) {
    super((subscriber) => {
      const iterator = open();
      void feed(iterator, subscriber);
      return () => void iterator.return?.();
    });
    this.#open = open;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#open();
  }
}

async function feed<T>(iterator: AsyncIterator<T>, subscriber: Subscriber<T>): Promise<void> {
  try {
    for (;;) {
      const step = await iterator.next();
      if (subscriber.closed) return;
      if (step.done) break;
      subscriber.next(step.value);
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
