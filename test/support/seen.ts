import type { CallEndedError, ServicerContext } from 'nestjs-servicer';
import { Observable } from 'rxjs';
import { deferred } from './deferred.js';

/** What a servicer saw of one call that it would never finish by itself. */
export class Seen {
  readonly entered = deferred<ServicerContext>();
  readonly aborted = deferred<CallEndedError>();
  /** The handler came to its end. */
  readonly settled = deferred();
  /** How often each was called. */
  readonly counts = { aborted: 0, callback: 0, onCancel: 0, finally: 0, unsubscribed: 0 };
  /** What the handler met where it waited. */
  thrown: unknown = undefined;
  /** When the signal aborted, in ns. */
  abortedAt = 0n;

  enter(context: ServicerContext): void {
    context.addCallback(() => (this.counts.callback += 1));
    context.signal.addEventListener('abort', () => {
      this.abortedAt = process.hrtime.bigint();
      this.counts.aborted += 1;
      this.aborted.resolve(context.signal.reason as CallEndedError);
    });
    this.entered.resolve(context);
  }

  /** Enters, and stays until the signal aborts, as a servicer does that looks after it. */
  stay(context: ServicerContext): Promise<never> {
    this.enter(context);
    return this.noting(
      new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
      ),
    );
  }

  /** Enters, and stays in something that throws when the call ends. */
  async noting<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.thrown = error;
      throw error;
    } finally {
      this.leave();
    }
  }

  leave(): void {
    this.counts.finally += 1;
    this.settled.resolve();
  }

  /** An Observable that never emits: it enters when subscribed and notes when it is unsubscribed. */
  never(context: ServicerContext): Observable<never> {
    return new Observable(() => {
      this.enter(context);
      return () => {
        this.counts.unsubscribed += 1;
        this.settled.resolve();
      };
    });
  }
}
