import * as grpc from '@grpc/grpc-js';
import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  Injectable,
  NotFoundException,
  UnauthorizedException,
  type CanActivate,
} from '@nestjs/common';
import * as microservices from '@nestjs/microservices';
import { RpcException } from '@nestjs/microservices';
import { ServerStream, Servicer, StatusCode, StatusError, Unary } from 'nestjs-servicer';
import { concat, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Kinds } from './gen/kinds_pb.js';
import { metadataOf } from './support/raw-service.js';
import { startTestServer, type TestServer } from './support/test-server.js';

const HIDDEN = 'Exception calling application';

/**
 * Who logs what is thrown where Nest sees it: nobody, Nest's own filter, or the server. Nest's filter logs all that is neither
 * an `RpcException` nor an `HttpException`, whether or not it has a status here.
 */
type LoggedBy = 'nobody' | 'RpcExceptionsHandler' | 'GrpcServer';

interface Row {
  readonly what: string;
  readonly thrown: unknown;
  readonly code: StatusCode;
  readonly details: string;
  readonly loggedBy?: LoggedBy;
  /** Where Nest does not see it: after the first message of a stream that nothing is bound to. Default: whether it is unknown. */
  readonly unexpected?: boolean;
}

const trailers = metadataOf({ why: 'because' });

const HTTP: readonly [http: number, code: StatusCode][] = [
  [400, StatusCode.INVALID_ARGUMENT],
  [401, StatusCode.UNAUTHENTICATED],
  [403, StatusCode.PERMISSION_DENIED],
  [404, StatusCode.NOT_FOUND],
  [408, StatusCode.DEADLINE_EXCEEDED],
  [409, StatusCode.ALREADY_EXISTS],
  [410, StatusCode.NOT_FOUND],
  [412, StatusCode.FAILED_PRECONDITION],
  [413, StatusCode.RESOURCE_EXHAUSTED],
  [416, StatusCode.OUT_OF_RANGE],
  [418, StatusCode.INTERNAL],
  [422, StatusCode.INVALID_ARGUMENT],
  [429, StatusCode.RESOURCE_EXHAUSTED],
  [499, StatusCode.CANCELLED],
  [500, StatusCode.INTERNAL],
  [501, StatusCode.UNIMPLEMENTED],
  [502, StatusCode.UNAVAILABLE],
  [503, StatusCode.UNAVAILABLE],
  [504, StatusCode.DEADLINE_EXCEEDED],
];

const TABLE: readonly Row[] = [
  ...HTTP.map(([http, code]) => ({
    what: `HttpException ${http}`,
    thrown: new HttpException('said', http),
    code,
    details: 'said',
  })),
  { what: 'NotFoundException', thrown: new NotFoundException('no such'), code: 5, details: 'no such' },
  { what: 'ForbiddenException', thrown: new ForbiddenException(), code: 7, details: 'Forbidden' },
  { what: 'UnauthorizedException', thrown: new UnauthorizedException(), code: 16, details: 'Unauthorized' },
  { what: 'ConflictException', thrown: new ConflictException('twice'), code: 6, details: 'twice' },
  { what: 'a list of messages', thrown: new BadRequestException(['a', 'b']), code: 3, details: 'a; b' },
  { what: 'StatusError', thrown: new StatusError(9, 'not yet'), code: 9, details: 'not yet' },
  { what: 'StatusError OK (W7)', thrown: new StatusError(0, 'fine'), code: 2, details: '' },
  {
    what: 'StatusError with a lone surrogate (T25)',
    thrown: new StatusError(6, 'a\ud800'),
    code: 6,
    details: 'a\ufffd',
  },
  { what: 'RpcException of text', thrown: new RpcException('said'), code: 2, details: 'said' },
  {
    what: 'RpcException of a status',
    thrown: new RpcException({ code: 11, details: 'past' }),
    code: 11,
    details: 'past',
  },
  {
    what: 'RpcException with a message',
    thrown: new RpcException({ code: 11, message: 'past' }),
    code: 11,
    details: 'past',
  },
  {
    what: 'RpcException of no code (T19)',
    thrown: new RpcException({ code: 99, message: 'm' }),
    code: 2,
    details: 'm',
  },
  {
    what: 'RpcException of an object without a code',
    thrown: new RpcException({ message: 'secret' }),
    code: 2,
    details: HIDDEN,
    loggedBy: 'GrpcServer',
  },
  {
    what: 'a plain status',
    thrown: { code: 5, details: 'gone' },
    code: 5,
    details: 'gone',
    loggedBy: 'RpcExceptionsHandler',
    unexpected: false,
  },
  {
    what: 'TimeoutError',
    thrown: Object.assign(new Error('too late'), { name: 'TimeoutError' }),
    code: 4,
    details: 'too late',
    loggedBy: 'RpcExceptionsHandler',
    unexpected: false,
  },
  {
    what: 'a failed call to another server',
    thrown: Object.assign(new Error('5 NOT_FOUND: secret'), {
      code: 5,
      details: 'secret',
      metadata: new grpc.Metadata(),
    }),
    code: 13,
    details: HIDDEN,
    loggedBy: 'RpcExceptionsHandler',
  },
  { what: 'Error', thrown: new Error('secret'), code: 2, details: HIDDEN, loggedBy: 'RpcExceptionsHandler' },
  { what: 'a string', thrown: 'secret', code: 2, details: HIDDEN, loggedBy: 'RpcExceptionsHandler' },
  { what: 'undefined', thrown: undefined, code: 2, details: HIDDEN, loggedBy: 'RpcExceptionsHandler' },
];

/** What the next call's handler throws. */
let toThrow: unknown;

function fail(): never {
  throw toThrow;
}

/** A class of its own for each application: one that an interceptor has watched once keeps its place for it. */
function throwingServicer(): new () => object {
  @Servicer(Kinds, { partial: true })
  class Throws {
    @Unary() async unary(): Promise<{ text: string }> {
      return fail();
    }
    @ServerStream() async *serve() {
      yield { text: 'first' };
      fail();
    }
  }
  return Throws;
}

const Throws = throwingServicer();

@Servicer(Kinds, { partial: true })
class Errs {
  @Unary() unary() {
    return throwError(() => toThrow);
  }
  @ServerStream() serve() {
    return concat(
      of({ text: 'first' }),
      throwError(() => toThrow),
    );
  }
}

/** Watches, so that streams run inside Nest's pipeline message by message. */
const watch = (app: { useGlobalInterceptors(...interceptors: object[]): unknown }): void => {
  app.useGlobalInterceptors({ intercept: (_host: unknown, next: { handle(): unknown }) => next.handle() });
};

/** How one call ended, and who logged. */
async function outcomeOf({ client, logger }: TestServer, rpc: 'unary' | 'serve'): Promise<object> {
  const known = logger.lines.length;
  const { code, details } = await client[rpc]().ended;
  return { code, details, loggedBy: logger.lines.slice(known).map(({ rest }) => rest.at(-1)) };
}

describe('design 2, what is thrown becomes a status and is logged once or never', () => {
  it.each<[how: string, servicer: new () => object, rpc: 'unary' | 'serve', prepare?: typeof watch]>([
    ['by a unary handler', Throws, 'unary'],
    ["in a unary handler's Observable", Errs, 'unary'],
    ['in an Observable, after a message', Errs, 'serve'],
    ['in a generator, after a message, where an interceptor is bound', Throws, 'serve', watch],
    ['in an Observable, after a message, where an interceptor is bound', Errs, 'serve', watch],
  ])('thrown %s', async (_how, servicer, rpc, prepare) => {
    await using test = await startTestServer({ controllers: [servicer], ...(prepare && { prepare }) });
    const outcomes: object[] = [];
    for (const { what, thrown } of TABLE) {
      toThrow = thrown;
      outcomes.push({ what, ...(await outcomeOf(test, rpc)) });
    }

    const logs = (by: LoggedBy = 'nobody'): string[] => (by === 'nobody' ? [] : [by]);
    expect(outcomes).toEqual(
      TABLE.map(({ what, code, details, loggedBy }) => ({ what, code, details, loggedBy: logs(loggedBy) })),
    );
  });

  it('thrown in a generator, after a message, where nothing is bound: Nest does not see it', async () => {
    await using test = await startTestServer({ controllers: [throwingServicer()] });
    const outcomes: object[] = [];
    for (const { what, thrown } of TABLE) {
      toThrow = thrown;
      outcomes.push({ what, ...(await outcomeOf(test, 'serve')) });
    }

    expect(outcomes).toEqual(
      TABLE.map(({ what, code, details, loggedBy = 'nobody', unexpected = loggedBy !== 'nobody' }) => ({
        what,
        code,
        details,
        loggedBy: unexpected ? ['GrpcServer'] : [],
      })),
    );
  });

  it('trailers travel with a StatusError, and with a status as handlers of Nest throw it', async () => {
    await using test = await startTestServer({ controllers: [Throws] });
    for (const thrown of [
      new StatusError(9, '', { trailingMetadata: { why: 'because' } }),
      new RpcException({ code: 9, metadata: trailers }),
      Object.assign(new RpcException('x'), {
        getError: () => ({
          code: 9,
          trailingMetadata: new StatusError(9, '', { trailingMetadata: { why: 'because' } }).trailingMetadata,
        }),
      }),
    ]) {
      toThrow = thrown;
      const ended = await test.client.unary().ended;
      expect([ended.code, ended.trailers.get('why')]).toEqual([9, ['because']]);
    }
  });

  it("Nest's own gRPC exceptions keep their code", async ({ skip }) => {
    const { GrpcNotFoundException } = microservices as { GrpcNotFoundException?: new (message: string) => Error };
    if (GrpcNotFoundException === undefined) return skip('needs Nest 12');
    await using test = await startTestServer({ controllers: [Throws] });
    toThrow = new GrpcNotFoundException('no such');

    expect(await outcomeOf(test, 'unary')).toEqual({ code: 5, details: 'no such', loggedBy: ['RpcExceptionsHandler'] });
  });
});

describe('nest C7, a guard that refuses', () => {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(): boolean {
      return toThrow === false ? false : fail();
    }
  }

  it.each<[what: string, thrown: unknown, code: number, details: string]>([
    ['returns false', false, 7, 'Forbidden resource'],
    ['throws a ForbiddenException', new ForbiddenException('not you'), 7, 'not you'],
    ['throws a StatusError', new StatusError(StatusCode.UNAUTHENTICATED, 'who?'), 16, 'who?'],
  ])('%s', async (_what, thrown, code, details) => {
    await using test = await startTestServer({
      controllers: [Throws],
      prepare: (app) => app.useGlobalGuards(new Guard()),
    });
    toThrow = thrown;

    for (const rpc of ['unary', 'serve'] as const) {
      expect(await outcomeOf(test, rpc)).toEqual({ code, details, loggedBy: [] });
    }
  });
});
