import 'reflect-metadata';
import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js';
import { describe, expect, it } from 'vitest';
import { CallAbortedError } from './call-aborted-error.js';
import { CallEndedError, type CallEndReason } from './call-ended-error.js';
import { Metadata } from './metadata.js';
import { StatusCode } from './status-code.js';
import { StatusError } from './status-error.js';
import { errorStatus, HIDDEN_DETAILS, statusOf, wellFormed } from './status-of.js';

/** Nest's `HttpException`, by its shape. */
function httpException(status: number, response: unknown): Error {
  return Object.assign(new Error('its own message'), { getStatus: () => status, getResponse: () => response });
}

/** grpc-js' metadata, by its shape. */
const grpcMetadata = { getMap: () => ({}), toJSON: () => ({ why: ['because'], 'raw-bin': [Buffer.from([1])] }) };

describe('statusOf', () => {
  it.each<[what: string, thrown: unknown, code: StatusCode, details: string, unexpected: boolean]>([
    ['StatusError', new StatusError(StatusCode.ABORTED, 'again'), 10, 'again', false],
    ['StatusError without details', new StatusError(StatusCode.ABORTED), 10, '', false],
    ['StatusError OK (W7)', new StatusError(StatusCode.OK, 'fine'), 2, '', false],
    ['a subclass', new CallAbortedError(StatusCode.NOT_FOUND, 'gone'), 5, 'gone', false],
    ['HttpException with a message', httpException(404, { message: 'no such' }), 5, 'no such', false],
    ['HttpException with messages', httpException(400, { message: ['a', 'b'] }), 3, 'a; b', false],
    ['HttpException with text', httpException(409, 'twice'), 6, 'its own message', false],
    ['HttpException with an unknown status', httpException(799, {}), 13, 'its own message', false],
    ['HttpException with a message that is no text', httpException(400, { message: 5 }), 3, '', false],
    ['a refused guard', new RpcException('Forbidden resource'), 7, 'Forbidden resource', false],
    ['RpcException of text', new RpcException('said'), 2, 'said', false],
    ['RpcException of a status', new RpcException({ code: 8, message: 'full' }), 8, 'full', false],
    ['RpcException of code 0 (T19)', new RpcException({ code: 0, message: 'fine' }), 2, '', false],
    ['RpcException of no code (T19)', new RpcException({ code: 17, details: 'what' }), 2, 'what', false],
    ['RpcException of half a code', new RpcException({ code: 5.5, details: 'what' }), 2, 'what', false],
    ['RpcException of something else', new RpcException({ reason: 'secret' }), 2, HIDDEN_DETAILS, true],
    ['a plain status', { code: 5, details: 'gone', message: 'not this' }, 5, 'gone', false],
    ['a plain object with a code that is a word', { code: 'ENOENT' }, 2, HIDDEN_DETAILS, true],
    [
      'an Error with a code that is a word',
      Object.assign(new Error('secret'), { code: 'ENOENT' }),
      2,
      HIDDEN_DETAILS,
      true,
    ],
    ['TimeoutError', new DOMException('late', 'TimeoutError'), 4, 'late', false],
    ['AbortError', new DOMException('stopped', 'AbortError'), 2, HIDDEN_DETAILS, true],
    [
      'a downstream error',
      Object.assign(new Error('secret'), { code: 5, details: '', metadata: {} }),
      13,
      HIDDEN_DETAILS,
      true,
    ],
    ['Error', new Error('secret'), 2, HIDDEN_DETAILS, true],
    ['a string', 'secret', 2, HIDDEN_DETAILS, true],
    ['undefined', undefined, 2, HIDDEN_DETAILS, true],
    ['null', null, 2, HIDDEN_DETAILS, true],
    ['a symbol', Symbol('secret'), 2, HIDDEN_DETAILS, true],
    ['an object without a prototype', Object.create(null), 2, HIDDEN_DETAILS, true],
  ])('%s', (_what, thrown, code, details, unexpected) => {
    expect(statusOf(thrown)).toMatchObject({ code, details, unexpected });
  });

  it.each<[what: string, thrown: unknown]>([
    ['a StatusError', new StatusError(StatusCode.ABORTED, '', { trailingMetadata: { why: 'because' } })],
    ['a plain status', { code: 10, trailingMetadata: new Metadata({ why: 'because' }) }],
    ['a plain status, under its other name', { code: 10, metadata: new Metadata({ why: 'because' }) }],
    ["grpc-js' metadata", new RpcException({ code: 10, metadata: grpcMetadata })],
  ])('keeps the trailing metadata of %s', (_what, thrown) => {
    expect(statusOf(thrown).trailingMetadata?.get('why')).toBe('because');
  });

  it('drops metadata that cannot travel, and keeps the status', () => {
    const metadata = { getMap: () => ({}), toJSON: () => ({ 'no key': ['a'] }) };
    expect(statusOf({ code: 10, details: 'again', metadata })).toEqual({
      code: 10,
      details: 'again',
      unexpected: false,
    });
  });

  it('shows the message of what nobody meant to send only when told to', () => {
    expect(statusOf(new Error('secret'), { exposeErrors: true }).details).toBe(`${HIDDEN_DETAILS}: secret`);
    expect(statusOf('secret', { exposeErrors: true }).details).toBe(`${HIDDEN_DETAILS}: secret`);
    expect(statusOf(new Error('a\ud800'), { exposeErrors: true }).details).toBe(`${HIDDEN_DETAILS}: a\ufffd`);
    expect(statusOf(Object.create(null), { exposeErrors: true }).details).toMatch(/^Exception calling application: ./);
  });
});

describe('what may go out', () => {
  it.each<[code: unknown, details: unknown, status: object]>([
    [0, 'fine', { code: 2, details: '' }],
    [16, 'who', { code: 16, details: 'who' }],
    [17, 'who', { code: 2, details: 'who' }],
    [-1, undefined, { code: 2, details: '' }],
    ['5', null, { code: 2, details: '' }],
    [NaN, 5, { code: 2, details: '' }],
  ])('%o with %o', (code, details, status) => {
    expect(errorStatus(code, details)).toEqual(status);
  });

  it('is well-formed text (T25)', () => {
    expect(wellFormed('\ud83d\ude00 \ud83d \ude00')).toBe('\ud83d\ude00 \ufffd \ufffd');
  });
});

describe('CallEndedError', () => {
  it.each<[reason: CallEndReason, code: StatusCode, details: string]>([
    ['client', 1, 'Cancelled by the client'],
    ['deadline', 4, 'Deadline exceeded'],
    ['servicer', 1, 'CANCELLED'],
    ['shutdown', 14, 'Cancelling all calls'],
    ['connection', 1, 'The connection to the client was lost'],
  ])('%s', (reason, code, details) => {
    expect(new CallEndedError(reason)).toMatchObject({ name: 'CallEndedError', reason, code, details });
    expect(statusOf(new CallEndedError(reason, 'told'))).toMatchObject({ code, details: 'told', unexpected: false });
  });
});
