import { create } from '@bufbuild/protobuf';
import { BidiStream, ClientStream, ServerStream, ServicerContext, StreamContext, Unary } from 'nestjs-servicer';
import type { Metadata, Reply } from 'nestjs-servicer';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { describe, it } from 'vitest';
import type { RequestStream } from '../../framework/src/streams/request-stream.js';
import { ItemSchema, Kinds } from '../gen/kinds_pb.js';
import type { Item } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';
import type { Item as TsItem } from '../gen/ts-proto/kinds.js';

declare function User(): ParameterDecorator;
declare function failure(): never;
declare const items: AsyncIterable<Item>;
declare const whole: TsItem;

describe('a handler of one request and one response', () => {
  it('takes and answers in many ways', () => {
    class Handlers {
      @Unary(Kinds.method.unary) nothing() {
        return {};
      }
      @Unary(Kinds.method.unary) optional(request?: Item, _context?: ServicerContext) {
        return { text: request?.text ?? '' };
      }
      @Unary(Kinds.method.unary) contextOnly(_context: ServicerContext) {
        return {};
      }
      @Unary(Kinds.method.unary) anything(_request: unknown) {
        return {};
      }
      @Unary(Kinds.method.unary) some(request: Pick<Item, 'text'>) {
        return request;
      }
      @Unary(Kinds.method.unary) decorated(_request: Item, @User() _user: string, _context: ServicerContext) {
        return {};
      }
      @Unary(Kinds.method.unary) decoratedFirst(@User() _user: string, _request: Item, _context: ServicerContext) {
        return {};
      }
      @Unary(Kinds.method.unary) ofTheCall(
        @User() _signal: AbortSignal,
        @User() _metadata: Metadata,
        @User() _key: string,
      ) {
        return {};
      }
      @Unary(Kinds.method.unary) deadline(@User() _deadline: Date | null) {
        return {};
      }
      @Unary(Kinds.method.unary) rest(...args: [Item, ServicerContext]) {
        return args[0];
      }
      @Unary(Kinds.method.unary) async message() {
        return create(ItemSchema, { text: '' });
      }
      @Unary(Kinds.method.unary) async either(request: Item) {
        if (request.count > 0) return { text: 'some' };
        return { count: request.count, blob: new Uint8Array() };
      }
      @Unary(Kinds.method.unary) observable(): Observable<Reply<typeof Kinds, 'unary'>> {
        return of({ text: '' });
      }
      @Unary(Kinds.method.unary) async throws(): Promise<never> {
        return failure();
      }
      @Unary(Kinds.method.unary) async untyped() {
        return JSON.parse('{}');
      }
      @Unary(KindsService.unary) async whole(_context: ServicerContext) {
        return whole;
      }
      @Unary(KindsService.unary) observed(request: TsItem) {
        return of(request);
      }
    }
    return Handlers;
  });
});

describe('a handler of one request and a stream of responses', () => {
  it('takes and answers in many ways', () => {
    class Handlers {
      @ServerStream(Kinds.method.serve) async *none() {}
      @ServerStream(Kinds.method.serve) async *message() {
        yield create(ItemSchema);
      }
      @ServerStream(Kinds.method.serve) iterable(): AsyncIterable<Item> {
        return items;
      }
      @ServerStream(Kinds.method.serve) generator(_request: Item): AsyncGenerator<{ text: string }> {
        return failure();
      }
      @ServerStream(Kinds.method.serve) observable() {
        return of({ text: '' }, { text: 'b' });
      }
      @ServerStream(Kinds.method.serve) async later() {
        return items;
      }
      @ServerStream(Kinds.method.serve) async laterObservable() {
        return of({ count: 1 });
      }
      @ServerStream(Kinds.method.serve) async writes(request: Item, stream: StreamContext<Item, Item>) {
        await stream.write(request);
      }
      @ServerStream(Kinds.method.serve) async writesOnly(stream: StreamContext) {
        await stream.write({});
      }
      @ServerStream(Kinds.method.serve) async sometimes(
        stream: StreamContext,
      ): Promise<AsyncIterable<Item> | undefined> {
        return stream.isActive() ? items : undefined;
      }
      @ServerStream(Kinds.method.serve) async *throws(): AsyncGenerator<never> {
        failure();
      }
      @ServerStream(KindsService.serve) async *whole(request: TsItem, _context: ServicerContext) {
        yield { ...request };
      }
      @ServerStream(KindsService.serve) async writesWhole(_request: TsItem, stream: StreamContext<TsItem, TsItem>) {
        await stream.write(whole);
      }
    }
    return Handlers;
  });
});

describe('a handler of a stream of requests', () => {
  it('takes and answers in many ways', () => {
    class Handlers {
      @ClientStream(Kinds.method.collect) nothing() {
        return {};
      }
      @ClientStream(Kinds.method.collect) iterable(_requests: AsyncIterable<{ text: string }>) {
        return {};
      }
      @ClientStream(Kinds.method.collect) observable(_requests: Observable<Item>) {
        return of({});
      }
      @ClientStream(Kinds.method.collect) both(_requests: RequestStream<Item>) {
        return {};
      }
      @ClientStream(Kinds.method.collect) async reads(stream: StreamContext<Item>) {
        const request = await stream.receive();
        return { text: request.text };
      }
      @ClientStream(Kinds.method.collect) async decorated(_requests: AsyncIterable<Item>, @User() _user: string) {
        return {};
      }
      @ClientStream(Kinds.method.collect) async decoratedFirst(@User() _user: string, _stream: StreamContext<Item>) {
        return {};
      }
      @BidiStream(Kinds.method.chat) observed(requests: Observable<Item>) {
        return requests;
      }
      @BidiStream(Kinds.method.chat) async context(context: ServicerContext) {
        context.cancel();
      }
      @BidiStream(Kinds.method.chat) async replies(stream: StreamContext<Item, Reply<typeof Kinds, 'chat'>>) {
        await stream.write({ text: '' });
      }
      @BidiStream(KindsService.chat) async *whole(requests: AsyncIterable<TsItem>) {
        for await (const request of requests) yield { ...request, count: 1 };
      }
      @ClientStream(KindsService.collect) last(requests: Observable<TsItem>) {
        return requests;
      }
    }
    return Handlers;
  });
});
