import { describe, expect, it } from 'vitest';
import {
  BidiStream,
  ClientStream,
  ServerStream,
  Servicer,
  StreamContext,
  EOF,
  Unary,
  type ServicerContext,
} from 'nestjs-servicer';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { startTestServer } from './support/test-server.js';

@Servicer(Kinds)
class KindsServicer {
  @Unary()
  async unary(request: Item, _context: ServicerContext) {
    return { text: `hi ${request.text}` };
  }

  @ServerStream()
  async *serve(request: Item) {
    for (let count = 0; count < request.count; count++) yield { count };
  }

  @ClientStream()
  async collect(requests: AsyncIterable<Item>) {
    let count = 0;
    for await (const request of requests) count += request.count;
    return { count };
  }

  @BidiStream()
  async chat(stream: StreamContext<Item, { text: string }>) {
    for (let request = await stream.read(); request !== EOF; request = await stream.read())
      await stream.write({ text: request.text });
  }
}

describe('the four kinds of call', () => {
  it('unary: one request, one response', async () => {
    await using test = await startTestServer({ controllers: [KindsServicer] });
    const { responses, ended } = test.client.unary({ text: 'Ada' });

    expect(await responses).toMatchObject([{ text: 'hi Ada' }]);
    expect(await ended).toMatchObject({ code: 0, details: '' });
  });

  it('server stream: one request, many responses', async () => {
    await using test = await startTestServer({ controllers: [KindsServicer] });
    const { responses, ended } = test.client.serve({ count: 3 });

    expect((await responses).map(({ count }) => count)).toEqual([0, 1, 2]);
    expect(await ended).toMatchObject({ code: 0, details: '' });
  });

  it('client stream: many requests, one response', async () => {
    await using test = await startTestServer({ controllers: [KindsServicer] });
    const { call, responses } = test.client.collect();
    for (const count of [1, 2, 3]) call.write({ text: '', count, blob: Buffer.alloc(0), big: 0 });
    call.end();

    expect(await responses).toMatchObject([{ count: 6 }]);
  });

  it('bidi stream: many requests, many responses', async () => {
    await using test = await startTestServer({ controllers: [KindsServicer] });
    const { call, responses } = test.client.chat();
    for (const text of ['a', 'b']) call.write({ text, count: 0, blob: Buffer.alloc(0), big: 0 });
    call.end();

    expect((await responses).map(({ text }) => text)).toEqual(['a', 'b']);
  });
});
