import type { MessageInitShape } from '@bufbuild/protobuf';
import { UseInterceptors, type NestInterceptor, type Type } from '@nestjs/common';
import {
  BidiStream,
  ClientStream,
  OnCancel,
  ServerStream,
  Servicer,
  ServicerContext,
  StatusCode,
  StatusError,
  StreamContext,
  Unary,
} from 'nestjs-servicer';
import type { Observable } from 'rxjs';
import { Kinds, type Item, type ItemSchema } from '../gen/kinds_pb.js';

export type ItemInit = MessageInitShape<typeof ItemSchema>;
export type ItemContext = StreamContext<Item, ItemInit>;
/** Requests as a handler gets them: either way to consume them. */
export type Items = AsyncIterable<Item> & Observable<Item>;

/** Handlers of `servicer.test.v1.Kinds`; what they return is not checked, so that they can do wrong. */
export interface KindsHandlers {
  unary?(request: Item, context: ServicerContext): unknown;
  serve?(request: Item, context: ItemContext): unknown;
  collect?(requests: Items, context: ItemContext): unknown;
  chat?(requests: Items, context: ItemContext): unknown;
  onCancel?(context: ServicerContext): unknown;
}

/** What is around the handlers. */
export interface KindsOptions {
  /** In place of `Kinds`: its methods with other codecs. */
  readonly source?: object;
  /** Bound to the class: a global one would outlive its application in what other applications of the process do. */
  readonly interceptors?: readonly NestInterceptor[];
}

/** A servicer of these handlers; the rpcs without one answer UNIMPLEMENTED. */
export function kindsServicer(handlers: KindsHandlers, { source = Kinds, interceptors = [] }: KindsOptions = {}): Type {
  const missing = (): never => {
    throw new StatusError(StatusCode.UNIMPLEMENTED, 'the test has no handler for it');
  };

  @UseInterceptors(...interceptors)
  @Servicer(source as typeof Kinds)
  class KindsServicer {
    @Unary()
    unary(request: Item, context: ServicerContext): any {
      return handlers.unary === undefined ? missing() : handlers.unary(request, context);
    }

    @ServerStream()
    serve(request: Item, context: StreamContext<Item, Item>): any {
      return handlers.serve === undefined ? missing() : handlers.serve(request, context);
    }

    @ClientStream()
    collect(requests: any, context: StreamContext<Item, Item>): any {
      return handlers.collect === undefined ? missing() : handlers.collect(requests, context);
    }

    @BidiStream()
    chat(requests: any, context: StreamContext<Item, Item>): any {
      return handlers.chat === undefined ? missing() : handlers.chat(requests, context);
    }

    @OnCancel()
    cancelled(context: ServicerContext): unknown {
      return handlers.onCancel?.(context);
    }
  }
  return KindsServicer;
}
