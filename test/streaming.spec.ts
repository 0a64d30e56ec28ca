import { describe, expect, it } from 'vitest';
import { EOF, EofError, StatusCode } from 'nestjs-servicer';
import { Observable, Subject, lastValueFrom, map, range, reduce, take } from 'rxjs';
import { withCodecs } from '../framework/src/schema/with-codecs.js';
import { schemaOf } from '../framework/src/schema/schema-of.js';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { deferred, settle, until, untilStill, within } from './support/deferred.js';
import { kindsServicer, type ItemInit, type KindsHandlers } from './support/kinds-servicer.js';
import { PIPELINES } from './support/pipelines.js';
import { item } from './support/raw-kinds.js';
import { RawHttp2 } from './support/raw-http2.js';
import { startTestServer } from './support/test-server.js';

/** What HTTP/2 lets a server send before its client reads. */
const WINDOW_BYTES = 65_535;
/** What the framework acknowledges early. */
const BOUND_BYTES = 64 * 1024;
const BOUND_MESSAGES = 256;

describe('S3-14 styles of streaming', () => {
  const CHATS: readonly [style: string, chat: KindsHandlers['chat'] & object][] = [
    [
      'S3-12 a generator over the requests',
      async function* (requests) {
        for await (const request of requests) yield { text: request.text };
      },
    ],
    [
      'S3-13 read() and write() until EOF',
      async (_requests, context) => {
        for (let request = await context.read(); request !== EOF; request = await context.read()) {
          await context.write({ text: request.text });
        }
      },
    ],
    [
      'S3-13 receive() and send() until EofError',
      async (_requests, context) => {
        try {
          for (;;) await context.send({ text: (await context.receive()).text });
        } catch (error) {
          if (!(error instanceof EofError)) throw error;
        }
      },
    ],
    [
      'S3-14 iterating, and write()',
      async (requests, context) => {
        for await (const request of requests) await context.write({ text: request.text });
      },
    ],
    [
      'S3-14 read(), in a generator',
      async function* (_requests, context) {
        for (let request = await context.read(); request !== EOF; request = await context.read()) {
          yield { text: request.text };
        }
      },
    ],
    [
      'S3-14 write(), in a generator that yields too',
      async function* (requests, context) {
        let odd = true;
        for await (const request of requests) {
          if (odd) await context.write({ text: request.text });
          else yield { text: request.text };
          odd = !odd;
        }
      },
    ],
    ['an Observable of the requests', (requests) => requests.pipe(map(({ text }) => ({ text })))],
    [
      'an AsyncIterable of its own',
      (requests) => ({
        [Symbol.asyncIterator]() {
          const iterator = requests[Symbol.asyncIterator]();
          return { next: () => iterator.next() };
        },
      }),
    ],
  ];

  it.each(PIPELINES.flatMap((around) => CHATS.map(([style, chat]) => ({ ...around, style, chat }))))(
    '$style, $pipeline',
    async ({ chat, interceptors }) => {
      await using test = await startTestServer({ controllers: [kindsServicer({ chat }, { interceptors })] });
      const { call, responses, ended } = test.client.chat();
      for (const text of ['a', 'b', 'c']) call.write(item({ text }));
      call.end();
      expect(await within(ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
      expect((await responses).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
      await within(test.server.stop(60_000), 'the end of the server');
    },
  );

  it('a response before the last request ends the call', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async collect(requests) {
            for await (const request of requests) return { text: `enough of ${request.text}` };
            return {};
          },
        }),
      ],
    });
    const { call, responses, ended } = test.client.collect();
    call.write(item({ text: 'a' }));
    expect(await within(ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toMatchObject([{ text: 'enough of a' }]);
    await within(test.server.stop(60_000), 'the end of the server');
  });

  it('requests as an Observable', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          collect: (requests) =>
            requests.pipe(
              reduce((sum, { count }) => sum + count, 0),
              map((count) => ({ count })),
            ),
        }),
      ],
    });
    const { call, responses } = test.client.collect();
    for (let count = 1; count <= 100; count++) call.write(item({ count }));
    call.end();
    expect(await responses).toEqual([item({ count: 5_050 })]);
  });
});

describe('S3-11 an iterator that something else feeds', () => {
  /** What a worker puts in and a handler's caller takes out. */
  class Queue<T> implements AsyncIterable<T> {
    readonly #items: T[] = [];
    readonly #changed = new Subject<void>();
    #error: Error | undefined;

    put(...items: T[]): void {
      this.#items.push(...items);
      this.#changed.next();
    }

    fail(error: Error): void {
      this.#error = error;
      this.#changed.next();
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<T> {
      for (;;) {
        for (const next of this.#items.splice(0)) yield next;
        if (this.#error !== undefined) throw this.#error;
        await new Promise<void>((resolve) => {
          this.#changed.pipe(take(1)).subscribe(resolve);
        });
      }
    }
  }

  it('an error of the worker ends the stream as UNKNOWN, after what it put in', async () => {
    const queue = new Queue<ItemInit>();
    await using test = await startTestServer({ controllers: [kindsServicer({ serve: () => queue })] });
    const { responses, ended } = test.client.serve();
    queue.put({ count: 1 });
    setImmediate(() => {
      queue.put({ count: 2 }, { count: 3 });
      setImmediate(() => queue.fail(new Error('the worker died')));
    });
    expect(await within(ended, 'the end of the call')).toMatchObject({ code: StatusCode.UNKNOWN });
    expect((await responses).map(({ count }) => count)).toEqual([1, 2, 3]);
    expect(test.logger.messages('error')).toEqual([expect.stringContaining('the worker died')]);
  });
});

describe('S3-12 finally of a generator', () => {
  it.each(
    PIPELINES.flatMap((around) => ['end', 'throw', 'abort', 'cancel', 'encode'].map((how) => ({ ...around, how }))),
  )('runs once: $how, $pipeline', async ({ how, interceptors }) => {
    let ran = 0;
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async *serve(_request, context) {
              try {
                yield { count: 1 };
                if (how === 'throw') throw new Error('boom');
                if (how === 'abort') context.abort(StatusCode.ABORTED);
                if (how === 'cancel') context.cancel();
                if (how === 'encode') yield { count: 'many' };
              } finally {
                ran += 1;
              }
            },
          },
          { interceptors },
        ),
      ],
    });
    await within(test.client.serve().ended, 'the end of the call');
    await within(test.server.stop(60_000), 'the end of the server');
    expect(ran).toBe(1);
  });
});

describe.each(PIPELINES)('back-pressure of responses, $pipeline', ({ interceptors }) => {
  const TOTAL = 20_000;

  const PRODUCERS: readonly [
    producer: string,
    serve: (bytes: number, made: () => void) => KindsHandlers['serve'] & object,
  ][] = [
    [
      'a generator',
      (bytes, made) =>
        async function* () {
          for (let n = 0; n < TOTAL; n++) {
            made();
            yield { blob: Buffer.alloc(bytes) };
          }
        },
    ],
    [
      'write()',
      (bytes, made) => async (_request, context) => {
        for (let n = 0; n < TOTAL; n++) {
          made();
          await context.write({ blob: Buffer.alloc(bytes) });
        }
      },
    ],
    [
      'an AsyncIterable',
      (bytes, made) => () => ({
        [Symbol.asyncIterator]() {
          let n = 0;
          return {
            next() {
              if (n++ === TOTAL) return Promise.resolve({ done: true, value: undefined });
              made();
              return Promise.resolve({ done: false, value: { blob: Buffer.alloc(bytes) } });
            },
          };
        },
      }),
    ],
  ];
  const SIZES = [10, 1_000, 60_000];

  it.each(PRODUCERS.flatMap(([producer, serve]) => SIZES.map((bytes) => ({ producer, serve, bytes }))))(
    '$producer of $bytes bytes stops within the bound when its client does not read, and goes on when it does',
    async ({ serve, bytes }) => {
      let made = 0;
      await using test = await startTestServer({
        controllers: [kindsServicer({ serve: serve(bytes, () => (made += 1)) }, { interceptors })],
      });
      using client = await RawHttp2.connect(test.address);
      const call = client.open('serve').send().end();
      await until(() => made > 0, 'the first response');
      const held = await untilStill(() => made);

      // five bytes of gRPC, and the tag and length of the field
      const onTheWire = bytes + 7;
      const inTheWindow = Math.ceil(WINDOW_BYTES / onTheWire);
      const inTheBound = Math.min(BOUND_MESSAGES, Math.ceil(BOUND_BYTES / onTheWire));
      expect(held).toBeLessThanOrEqual(inTheWindow + inTheBound + 3);
      // and it is not one at a time
      expect(held).toBeGreaterThanOrEqual(inTheWindow);

      call.read();
      await until(() => made > held * 2 || made === TOTAL, 'more responses');
      call.cancel();
      await within(test.server.stop(60_000), 'the end of the server');
    },
  );

  it('every response arrives, in order, at a client that pauses', async () => {
    const total = 2_000;
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async *serve() {
              for (let count = 1; count <= total; count++) yield { count, blob: Buffer.alloc(200) };
            },
          },
          { interceptors },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('serve').send().end();
    await settle();
    call.read();
    call.stream.pause();
    await settle();
    call.stream.resume();
    expect(await within(call.ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(call.responses.map(({ count }) => count)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  });

  it('an Observable that pushes over 16 MiB at a client that does not read ends RESOURCE_EXHAUSTED', async () => {
    let made = 0;
    let unsubscribed = 0;
    const MEBIBYTE = Buffer.alloc(1024 * 1024);
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            serve: () =>
              new Observable<ItemInit>((subscriber) => {
                const subscription = range(0, 1_000).subscribe({
                  next() {
                    if (subscriber.closed) return;
                    made += 1;
                    subscriber.next({ blob: MEBIBYTE });
                  },
                });
                subscriber.add(() => (unsubscribed += 1));
                return subscription;
              }),
          },
          { interceptors },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('serve').send().end();
    await until(() => unsubscribed > 0, 'the end of the subscription');
    expect(made).toBeGreaterThanOrEqual(16);
    expect(made).toBeLessThanOrEqual(18);
    call.read();
    expect(await within(call.ended, 'the end of the call')).toMatchObject({
      code: StatusCode.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^The client reads too slowly/) as string,
    });
    expect(unsubscribed).toBe(1);
  });

  it('an Observable may push a lot at a client that reads', async () => {
    const pushes = new Subject<ItemInit>();
    const subscribed = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            serve: () =>
              new Observable((subscriber) => {
                subscribed.resolve();
                return pushes.subscribe(subscriber);
              }),
          },
          { interceptors },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('serve').send().end().read();
    await within(subscribed.promise, 'the subscription');
    for (let n = 1; n <= 24; n++) {
      pushes.next({ blob: Buffer.alloc(1024 * 1024) });
      await until(() => call.receivedBytes > n * 1024 * 1024, `response ${n}`);
    }
    pushes.complete();
    expect(await within(call.ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(call.responses).toHaveLength(24);
  });
});

describe('back-pressure of requests', () => {
  /** A schema that counts how many requests it was asked to decode. */
  function counting() {
    const { request } = schemaOf(Kinds).methods.find(({ localName }) => localName === 'chat')!;
    const decoded = { count: 0 };
    const codec = {
      ...request,
      decode(bytes: Uint8Array): unknown {
        decoded.count += 1;
        return request.decode(bytes);
      },
    };
    return { decoded, source: withCodecs(Kinds, { chat: { request: codec }, collect: { request: codec } }) };
  }

  it('S3-13 a handler that is slow is given one at a time', async () => {
    const { decoded, source } = counting();
    const step = new Subject<void>();
    const seen: number[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async collect(requests) {
              for await (const request of requests) {
                seen.push(request.count);
                await new Promise<void>((resolve) => {
                  step.pipe(take(1)).subscribe(resolve);
                });
              }
              return { count: seen.length };
            },
          },
          { source },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('collect').read();
    for (let count = 0; count < 10; count++) call.send({ count });
    call.end();
    for (let n = 1; n <= 10; n++) {
      await until(() => seen.length === n, `request ${n}`);
      await settle(20);
      expect(decoded.count).toBe(n);
      step.next();
    }
    expect(await within(call.ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(call.responses).toMatchObject([{ count: 10 }]);
  });

  it('nothing is read for a handler that does not ask, and its client is held by the window', async () => {
    const { decoded, source } = counting();
    const entered = deferred();
    const release = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async chat(requests) {
              entered.resolve();
              await release.promise;
              for await (const _request of requests);
            },
          },
          { source },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('chat').read();
    await within(entered.promise, 'the handler');
    const total = 100;
    let sent = 0;
    for (let n = 0; n < total; n++) {
      call.send({ blob: Buffer.alloc(32 * 1024) });
      call.stream.write(Buffer.alloc(0), () => (sent += 1));
    }
    call.end();
    expect(await untilStill(() => sent)).toBeLessThan(10);
    expect(decoded.count).toBe(0);
    release.resolve();
    expect(await within(call.ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(decoded.count).toBe(total);
  });

  it('a subscriber of the requests is given one at a time', async () => {
    const { decoded, source } = counting();
    const seen: Item[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async collect(requests) {
              const counted = requests.pipe(
                map((request) => {
                  expect(decoded.count).toBe(seen.length + 1);
                  seen.push(request);
                  return request;
                }),
              );
              const { count } = await lastValueFrom(counted);
              return { count };
            },
          },
          { source },
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('collect').read();
    for (let count = 0; count < 10; count++) call.send({ count });
    call.end();
    expect(await within(call.ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    expect(call.responses).toMatchObject([{ count: 9 }]);
    expect(seen).toHaveLength(10);
  });
});
