import { describe, expect, it } from 'vitest';
import { CallEndedError, StatusCode, StatusError } from 'nestjs-servicer';
import { EMPTY, Observable, concat, of, throwError } from 'rxjs';
import type { KindsService } from './gen/ts-proto/kinds.js';
import { deferred, until, within } from './support/deferred.js';
import { kindsServicer, type Items, type KindsHandlers } from './support/kinds-servicer.js';
import { item } from './support/raw-kinds.js';
import { PIPELINES } from './support/pipelines.js';
import { RawHttp2 } from './support/raw-http2.js';
import { startTestServer } from './support/test-server.js';

/** No field of a message begins like this. */
const GARBAGE = Buffer.from([0xff, 0xff, 0xff]);
/** Not a message: the encoder throws. */
const NO_ITEM = { count: 'many' };
const HIDDEN = 'Exception calling application';

class Boom extends Error {}
const raise = (thrown: unknown): never => {
  throw thrown;
};
const boom = (): never => {
  throw new Boom('boom');
};

interface Failure {
  readonly failure: string;
  readonly rpc: keyof KindsService;
  readonly handlers: KindsHandlers;
  readonly request?: Uint8Array;
  readonly code?: StatusCode;
  readonly details?: unknown;
  /** Responses that arrive before. */
  readonly before?: number;
  /** What the one log line has; `null` where nothing went wrong on this side. */
  readonly logged?: RegExp | null;
  /** A client's mistake is no error of the server's. */
  readonly level?: 'warn';
}

const FAILURES: readonly Failure[] = [
  { failure: 'unary: throws', rpc: 'unary', handlers: { unary: boom } },
  { failure: 'unary: rejects', rpc: 'unary', handlers: { unary: async () => boom() } },
  { failure: 'unary: Observable errs', rpc: 'unary', handlers: { unary: () => throwError(() => new Boom('boom')) } },
  {
    failure: 'unary: Observable errs after its value',
    rpc: 'unary',
    handlers: {
      unary: () =>
        concat(
          of({ count: 1 }),
          throwError(() => new Boom('boom')),
        ),
    },
  },
  {
    failure: 'unary: EMPTY',
    rpc: 'unary',
    handlers: { unary: () => EMPTY },
    code: StatusCode.INTERNAL,
    details: 'The handler produced no response',
    logged: /produced no response/,
  },
  {
    failure: 'unary: returns nothing (W11)',
    rpc: 'unary',
    handlers: { unary: async () => undefined },
    code: StatusCode.INTERNAL,
    details: 'The handler produced no response',
    logged: /produced no response/,
  },
  {
    failure: 'unary: the response cannot be encoded',
    rpc: 'unary',
    handlers: { unary: async () => NO_ITEM },
    code: StatusCode.INTERNAL,
    details: 'Error serializing response',
    logged: /Kinds\/Unary/,
  },
  {
    failure: 'unary: the request cannot be decoded',
    rpc: 'unary',
    handlers: { unary: async () => ({}) },
    request: GARBAGE,
    code: StatusCode.INTERNAL,
    details: 'Error deserializing request',
    logged: /Kinds\/Unary/,
    level: 'warn',
  },
  { failure: 'server stream: throws', rpc: 'serve', handlers: { serve: boom } },
  {
    failure: 'server stream: generator throws at once',
    rpc: 'serve',
    handlers: {
      async *serve() {
        boom();
      },
    },
  },
  {
    failure: 'server stream: generator throws in mid-stream',
    rpc: 'serve',
    handlers: {
      async *serve() {
        yield { count: 1 };
        yield { count: 2 };
        boom();
      },
    },
    before: 2,
  },
  {
    failure: 'server stream: generator throws in finally',
    rpc: 'serve',
    handlers: {
      async *serve() {
        try {
          yield { count: 1 };
        } finally {
          boom();
        }
      },
    },
    before: 1,
  },
  {
    failure: 'server stream: throws after write()',
    rpc: 'serve',
    handlers: {
      async serve(_request, context) {
        await context.write({ count: 1 });
        boom();
      },
    },
    before: 1,
  },
  {
    failure: 'server stream: next() throws',
    rpc: 'serve',
    handlers: { serve: () => ({ [Symbol.asyncIterator]: () => ({ next: boom }) }) },
  },
  {
    failure: 'server stream: [Symbol.asyncIterator]() throws',
    rpc: 'serve',
    handlers: { serve: () => ({ [Symbol.asyncIterator]: boom }) },
  },
  {
    failure: 'server stream: Observable errs in mid-stream',
    rpc: 'serve',
    handlers: {
      serve: () =>
        concat(
          of({ count: 1 }),
          throwError(() => new Boom('boom')),
        ),
    },
    before: 1,
  },
  {
    failure: 'server stream: Observable throws while it is subscribed',
    rpc: 'serve',
    handlers: { serve: () => new Observable(boom) },
  },
  {
    failure: 'server stream: no stream',
    rpc: 'serve',
    handlers: { serve: async () => 7 },
    code: StatusCode.INTERNAL,
    // behind an interceptor it is taken for a response
    details: expect.stringMatching(/^The handler produced no stream of responses$|^Error serializing response$/),
    logged: /Kinds\/Serve/,
  },
  {
    failure: 'server stream: a response cannot be encoded',
    rpc: 'serve',
    handlers: {
      async *serve() {
        yield { count: 1 };
        yield NO_ITEM;
      },
    },
    code: StatusCode.INTERNAL,
    details: 'Error serializing response',
    before: 1,
    logged: /Kinds\/Serve/,
  },
  {
    failure: 'server stream: a response of an Observable cannot be encoded',
    rpc: 'serve',
    handlers: { serve: () => of({ count: 1 }, NO_ITEM, { count: 3 }) },
    code: StatusCode.INTERNAL,
    details: 'Error serializing response',
    before: 1,
    logged: /Kinds\/Serve/,
  },
  {
    failure: 'server stream: a written response cannot be encoded',
    rpc: 'serve',
    handlers: { serve: async (_request, context) => context.write(NO_ITEM as never) },
    code: StatusCode.INTERNAL,
    details: 'Error serializing response',
    logged: /Kinds\/Serve/,
  },
  {
    failure: 'client stream: throws over a request',
    rpc: 'collect',
    handlers: {
      async collect(requests: Items) {
        for await (const _request of requests) boom();
      },
    },
  },
  {
    failure: 'client stream: a request cannot be decoded',
    rpc: 'collect',
    handlers: {
      async collect(requests: Items) {
        for await (const _request of requests);
        return {};
      },
    },
    request: GARBAGE,
    code: StatusCode.INTERNAL,
    details: 'Error deserializing request',
    logged: /Kinds\/Collect/,
    level: 'warn',
  },
  {
    failure: 'bidi stream: throws over a request, after a response',
    rpc: 'chat',
    handlers: {
      async *chat(requests: Items) {
        for await (const request of requests) {
          yield request;
          boom();
        }
      },
    },
    before: 1,
  },
  {
    failure: 'bidi stream: throws after write()',
    rpc: 'chat',
    handlers: {
      async chat(_requests, context) {
        await context.write({ count: 1 });
        boom();
      },
    },
    before: 1,
  },
];

describe.each(PIPELINES)('W10 what goes wrong, $pipeline', ({ interceptors }) => {
  it.each(FAILURES)(
    '$failure',
    async ({
      rpc,
      handlers,
      request,
      code = StatusCode.UNKNOWN,
      details = HIDDEN,
      before = 0,
      logged = /boom/,
      level,
    }) => {
      await using test = await startTestServer({ controllers: [kindsServicer(handlers, { interceptors })] });
      using client = await RawHttp2.connect(test.address);
      const call = client
        .open(rpc)
        .read()
        .send(request ?? {});
      if (rpc === 'unary' || rpc === 'serve' || request !== undefined) call.end();

      expect(await within(call.ended, 'the status')).toMatchObject({ code, details });
      expect(call.responses).toHaveLength(before);
      // a call that is not over, or a second status, would keep the server
      await within(test.server.stop(60_000), 'the end of the server');
      const lines = logged === null ? [] : [expect.stringMatching(logged)];
      expect(test.logger.messages('error')).toEqual(level === undefined ? lines : []);
      if (level !== undefined) expect(test.logger.messages(level)).toEqual(lines);
    },
  );
});

describe('W10 anything can be thrown', () => {
  const hostile = new Proxy(
    {},
    {
      get: boom,
      has: boom,
      getPrototypeOf: boom,
    },
  );
  class Unreadable extends Error {
    override get message(): string {
      return boom();
    }
  }
  const ODD: readonly [what: string, thrown: unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a string', 'boom'],
    ['a symbol', Symbol('boom')],
    ['an object without a prototype', Object.create(null)],
    ['a frozen error', Object.freeze(new Boom('boom'))],
    ['an error whose message throws', new Unreadable()],
    ['an object with a code that is none', { code: 99, details: 'boom' }],
  ];

  it.each(ODD)('%s, by a unary handler', async (_what, thrown) => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: async () => raise(thrown) })],
    });
    expect(await within(test.client.unary().ended, 'the status')).toMatchObject({ code: StatusCode.UNKNOWN });
    await within(test.server.stop(60_000), 'the end of the server');
  });

  it.each([...ODD, ['a proxy that throws', hostile] as const])('%s, by a generator', async (_what, thrown) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *serve() {
            yield {};
            throw thrown;
          },
        }),
      ],
    });
    expect(await within(test.client.serve().ended, 'the status')).toMatchObject({ code: StatusCode.UNKNOWN });
    await within(test.server.stop(60_000), 'the end of the server');
  });
});

describe('what the client is told of an unexpected error', () => {
  const handlers: KindsHandlers = {
    unary: boom,
    async *serve() {
      yield {};
      boom();
    },
  };

  it('not its message', async () => {
    await using test = await startTestServer({ controllers: [kindsServicer(handlers)] });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.UNKNOWN, details: HIDDEN });
    expect(await test.client.serve().ended).toMatchObject({ code: StatusCode.UNKNOWN, details: HIDDEN });
  });

  it('its message with exposeErrors', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer(handlers)],
      options: { exposeErrors: true },
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.UNKNOWN, details: `${HIDDEN}: boom` });
    expect(await test.client.serve().ended).toMatchObject({ code: StatusCode.UNKNOWN, details: `${HIDDEN}: boom` });
  });

  it('a status that was meant is neither hidden nor logged', async () => {
    const meant = new StatusError(StatusCode.NOT_FOUND, 'no such item', {
      trailingMetadata: { why: 'tests' },
      cause: new Boom('boom'),
    });
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary: () => Promise.reject(meant),
          async *serve() {
            yield {};
            throw meant;
          },
        }),
      ],
    });
    for (const call of [test.client.unary(), test.client.serve()]) {
      const { code, details, trailers } = await call.ended;
      expect([code, details, trailers.get('why')]).toEqual([StatusCode.NOT_FOUND, 'no such item', ['tests']]);
    }
    expect(test.logger.messages('error')).toEqual([]);
  });
});

describe.each(PIPELINES)('errors in what runs when a call ends, $pipeline', ({ interceptors }) => {
  interface LateFailure {
    readonly failure: string;
    readonly rpc: 'unary' | 'serve' | 'chat';
    readonly handlers: (entered: () => void, aborted: Promise<void>) => KindsHandlers;
  }

  const LATE: readonly LateFailure[] = [
    {
      failure: 'addCallback: throws',
      rpc: 'serve',
      handlers: (entered) => ({
        async *serve(_request, context) {
          context.addCallback(boom);
          entered();
          for (;;) yield {};
        },
      }),
    },
    {
      failure: 'addCallback: rejects',
      rpc: 'serve',
      handlers: (entered) => ({
        async *serve(_request, context) {
          const rejects: () => unknown = async () => boom();
          context.addCallback(rejects);
          entered();
          for (;;) yield {};
        },
      }),
    },
    {
      failure: '@OnCancel: throws',
      rpc: 'chat',
      handlers: (entered) => ({
        async chat(_requests, context) {
          entered();
          for (;;) await context.receive();
        },
        onCancel: boom,
      }),
    },
    {
      failure: '@OnCancel: rejects',
      rpc: 'chat',
      handlers: (entered) => ({
        async chat(_requests, context) {
          entered();
          for (;;) await context.receive();
        },
        onCancel: async () => boom(),
      }),
    },
    {
      failure: 'finally of a generator that is held at a yield',
      rpc: 'serve',
      handlers: (entered) => ({
        async *serve() {
          entered();
          try {
            for (;;) yield { blob: Buffer.alloc(48 * 1024) };
          } finally {
            boom();
          }
        },
      }),
    },
    {
      failure: 'finally of a generator that reads',
      rpc: 'chat',
      handlers: (entered) => ({
        async *chat(requests) {
          entered();
          try {
            for await (const request of requests) yield request;
          } finally {
            boom();
          }
        },
      }),
    },
    {
      failure: 'the end of a subscription',
      rpc: 'serve',
      handlers: (entered) => ({
        serve: () =>
          new Observable(() => {
            entered();
            return boom;
          }),
      }),
    },
    {
      failure: 'a handler that goes on and throws',
      rpc: 'unary',
      handlers: (entered, aborted) => ({
        async unary() {
          entered();
          await aborted;
          boom();
        },
      }),
    },
  ];

  it.each(LATE)('$failure: logged once, and the others still run', async ({ rpc, handlers }) => {
    const entered = deferred();
    const aborted = deferred();
    const heard: string[] = [];
    const under = handlers(entered.resolve, aborted.promise);
    const listen = (context: { addCallback(callback: () => void): boolean }): void =>
      void context.addCallback(() => heard.push('callback'));
    const wrapped: KindsHandlers = {
      ...under,
      ...(under.unary && { unary: (request, context) => (listen(context), under.unary?.(request, context)) }),
      ...(under.serve && { serve: (request, context) => (listen(context), under.serve?.(request, context)) }),
      ...(under.chat && { chat: (requests, context) => (listen(context), under.chat?.(requests, context)) }),
      onCancel(context) {
        heard.push('@OnCancel');
        return under.onCancel?.(context);
      },
    };
    await using test = await startTestServer({ controllers: [kindsServicer(wrapped, { interceptors })] });
    using client = await RawHttp2.connect(test.address);
    const call = client.open(rpc).send();
    if (rpc !== 'chat') call.end();
    await within(entered.promise, 'the start of the handler');
    call.cancel();
    await until(() => heard.includes('@OnCancel'), 'the end of the call');
    aborted.resolve();

    await within(test.server.stop(60_000), 'the end of the server');
    expect(heard.toSorted()).toEqual(['@OnCancel', 'callback']);
    expect(test.logger.messages('error')).toEqual([expect.stringMatching(/boom/)]);
  });

  it('S1-6 a callback that throws after OK: logged once, and the next one runs', async () => {
    let ran = false;
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async unary(_request, context) {
              context.addCallback(boom);
              context.addCallback(() => (ran = true));
              return {};
            },
          },
          { interceptors },
        ),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.OK });
    await within(test.server.stop(60_000), 'the end of the server');
    expect(ran).toBe(true);
    expect(test.logger.messages('error')).toEqual([
      expect.stringMatching(/Kinds\/Unary failed after the call had ended: boom/),
    ]);
  });
});

describe('a call is ended once', () => {
  it('a response that cannot be encoded leaves a servicer that catches it free to go on', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async chat(_requests, context) {
            await expect(context.write(NO_ITEM as never)).rejects.toMatchObject({ code: StatusCode.INTERNAL });
            await context.write({ count: 2 });
          },
        }),
      ],
    });
    const { responses, ended } = test.client.chat();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toEqual([item({ count: 2 })]);
    expect(test.logger.messages('error')).toHaveLength(1);
  });

  it('an error thrown after abort() changes nothing and is logged', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            try {
              context.abort(StatusCode.ABORTED, 'first');
            } finally {
              boom();
            }
          },
        }),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.ABORTED, details: 'first' });
    await test.server.stop(60_000);
    expect(test.logger.messages('error')).toEqual(['boom']);
  });
});

describe('messages over a limit', () => {
  const LIMIT = 1_000;
  const within1000 = { blob: Buffer.alloc(LIMIT - 20) };
  const over1000 = { blob: Buffer.alloc(LIMIT + 20) };

  it.each(['unary', 'collect'] as const)('%s: a request ends its call as RESOURCE_EXHAUSTED', async (rpc) => {
    const thrown = deferred<unknown>();
    let complete = 0;
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary: async () => ((complete += 1), {}),
          async collect(requests) {
            try {
              for await (const _request of requests);
              complete += 1;
              return {};
            } catch (error) {
              thrown.resolve(error);
              throw error;
            }
          },
        }),
      ],
      options: { maxReceiveMessageBytes: LIMIT },
    });
    using client = await RawHttp2.connect(test.address);
    expect(await client.open(rpc).read().send(within1000).end().ended).toMatchObject({ code: StatusCode.OK });
    const call = client.open(rpc).read().send(over1000).end();
    expect(await within(call.ended, 'the refusal')).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
    if (rpc === 'collect')
      expect(await within(thrown.promise, 'the end of the handler')).toBeInstanceOf(CallEndedError);
    expect(complete).toBe(1);
    await within(test.server.stop(60_000), 'the end of the server');
  });

  it('a response ends its call as RESOURCE_EXHAUSTED, after those before it', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary: async () => over1000,
          async *serve() {
            yield within1000;
            yield over1000;
          },
        }),
      ],
      options: { maxSendMessageBytes: LIMIT },
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
    const { ended, responses } = test.client.serve();
    expect(await ended).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
    expect(await responses).toHaveLength(1);
  });
});

describe('details that are too long to travel', () => {
  it.each([
    ['as they are', 'x'.repeat(7_000), 7_000],
    ['cut', 'x'.repeat(200_000), 7_169],
    ['cut, in characters of three bytes', '\u4e16'.repeat(50_000), 800],
    ['cut, between the halves of no character', '\u{1f600}'.repeat(50_000), 1_300],
  ])('arrive %s', async (_how, details, atMost) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary: async () => raise(new StatusError(StatusCode.NOT_FOUND, details)),
          async *serve() {
            yield {};
            raise(new StatusError(StatusCode.NOT_FOUND, details));
          },
        }),
      ],
    });
    for (const { ended } of [test.client.unary(), test.client.serve()]) {
      const end = await within(ended, 'the end of the call');
      expect(end.code).toBe(StatusCode.NOT_FOUND);
      if (details.length <= atMost) expect(end.details).toBe(details);
      else expect(end.details).toMatch(/^(.)\1{400,}…$/u);
      expect(end.details.length).toBeLessThanOrEqual(atMost);
    }
  });
});
