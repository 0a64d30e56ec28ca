import { EOF, type ServicerContext } from 'nestjs-servicer';
import type { KindsService } from '../gen/ts-proto/kinds.js';
import type { ItemContext, Items, KindsHandlers } from './kinds-servicer.js';
import type { Seen } from './seen.js';

/** A way to write a handler, under way when its call ends. */
export interface StuckForm {
  readonly form: string;
  readonly rpc: keyof KindsService;
  /** What the end of the call does to it. */
  readonly met: 'error' | 'unsubscribed' | 'returned';
  readonly handlers: (seen: Seen) => KindsHandlers;
}

/** Reads them all. @returns how many there were */
export async function drain(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _item of items) count += 1;
  return count;
}

/** More than the window and the bound together can hold, so that its producer is held. */
const BIG = { blob: Buffer.alloc(48 * 1024) };

export const STUCK_FORMS: readonly StuckForm[] = [
  {
    form: 'unary: async',
    rpc: 'unary',
    met: 'error',
    handlers: (seen) => ({ unary: (_request, context) => seen.stay(context) }),
  },
  {
    form: 'unary: Observable',
    rpc: 'unary',
    met: 'unsubscribed',
    handlers: (seen) => ({
      unary: (_request, context) => seen.never(context),
    }),
  },
  {
    form: 'server stream: generator that waits',
    rpc: 'serve',
    met: 'error',
    handlers: (seen) => ({
      async *serve(_request, context) {
        yield { count: 1 };
        await seen.stay(context);
      },
    }),
  },
  {
    form: 'server stream: generator held by a client that does not read',
    rpc: 'serve',
    met: 'returned',
    handlers: (seen) => ({
      async *serve(_request, context) {
        seen.enter(context);
        try {
          for (;;) yield BIG;
        } finally {
          seen.leave();
        }
      },
    }),
  },
  {
    form: 'server stream: AsyncIterable of its own',
    rpc: 'serve',
    met: 'returned',
    handlers: (seen) => ({
      serve: (_request: unknown, context: ServicerContext) => ({
        [Symbol.asyncIterator]() {
          seen.enter(context);
          return {
            next: () => Promise.resolve({ done: false, value: BIG }),
            return() {
              // asked again when it has returned already, as generators may be
              if (seen.counts.finally === 0) seen.leave();
              return Promise.resolve({ done: true, value: undefined });
            },
          };
        },
      }),
    }),
  },
  {
    form: 'server stream: Observable',
    rpc: 'serve',
    met: 'unsubscribed',
    handlers: (seen) => ({
      serve: (_request, context) => seen.never(context),
    }),
  },
  {
    form: 'server stream: write()',
    rpc: 'serve',
    met: 'error',
    handlers: (seen) => ({
      async serve(_request, context) {
        seen.enter(context);
        await seen.noting(
          (async () => {
            for (;;) await context.write(BIG);
          })(),
        );
      },
    }),
  },
  {
    form: 'client stream: for await',
    rpc: 'collect',
    met: 'error',
    handlers: (seen) => ({
      async collect(requests, context) {
        seen.enter(context);
        return { count: await seen.noting(drain(requests)) };
      },
    }),
  },
  {
    form: 'client stream: Observable of requests',
    rpc: 'collect',
    met: 'error',
    handlers: (seen) => ({
      async collect(requests, context) {
        seen.enter(context);
        await seen.noting(
          new Promise((resolve, reject) => requests.subscribe({ error: reject, complete: () => resolve(undefined) })),
        );
        return {};
      },
    }),
  },
  {
    form: 'bidi stream: generator over the requests',
    rpc: 'chat',
    met: 'error',
    handlers: (seen) => ({
      async *chat(requests, context) {
        seen.enter(context);
        try {
          for await (const request of requests) yield request;
        } catch (error) {
          seen.thrown = error;
          throw error;
        } finally {
          seen.leave();
        }
      },
    }),
  },
  {
    form: 'bidi stream: read() and write()',
    rpc: 'chat',
    met: 'error',
    handlers: (seen) => ({
      async chat(_requests: Items, context: ItemContext) {
        seen.enter(context);
        await seen.noting(
          (async () => {
            for (let request = await context.read(); request !== EOF; request = await context.read())
              await context.write(request);
          })(),
        );
      },
    }),
  },
  {
    form: 'bidi stream: receive()',
    rpc: 'chat',
    met: 'error',
    handlers: (seen) => ({
      async chat(_requests: Items, context: ItemContext) {
        seen.enter(context);
        await seen.noting(
          (async () => {
            for (;;) await context.receive();
          })(),
        );
      },
    }),
  },
];
