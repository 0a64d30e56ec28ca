import 'reflect-metadata';
import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js';
import { describe, expect, it } from 'vitest';
import { Metadata } from './metadata.js';
import { isStatusCode, StatusCode } from './status-code.js';
import { StatusError } from './status-error.js';

describe('StatusError', () => {
  it("is an RpcException whose error is itself, so that Nest's base filter passes it on whole", () => {
    const error = new StatusError(StatusCode.NOT_FOUND, 'no such', { trailingMetadata: { a: '1' } });
    expect(error).toBeInstanceOf(RpcException);
    expect(error.getError()).toBe(error);
    expect(error.trailingMetadata).toBeInstanceOf(Metadata);
  });

  it('says its code and details', () => {
    expect(String(new StatusError(StatusCode.NOT_FOUND, 'no such'))).toBe('StatusError: NOT_FOUND: no such');
    expect(String(new StatusError(StatusCode.NOT_FOUND))).toBe('StatusError: NOT_FOUND');
  });

  it('has what it was given, and nothing else', () => {
    const cause = new Error('why');
    expect(new StatusError(StatusCode.ABORTED, 'again', { cause }).cause).toBe(cause);
    expect('cause' in new StatusError(StatusCode.ABORTED)).toBe(false);
    expect('trailingMetadata' in new StatusError(StatusCode.ABORTED)).toBe(false);
  });
});

describe('StatusCode', () => {
  it('has the 17 codes of gRPC, by name and number', () => {
    const names = [
      'OK',
      'CANCELLED',
      'UNKNOWN',
      'INVALID_ARGUMENT',
      'DEADLINE_EXCEEDED',
      'NOT_FOUND',
      'ALREADY_EXISTS',
      'PERMISSION_DENIED',
      'RESOURCE_EXHAUSTED',
      'FAILED_PRECONDITION',
      'ABORTED',
      'OUT_OF_RANGE',
      'UNIMPLEMENTED',
      'INTERNAL',
      'UNAVAILABLE',
      'DATA_LOSS',
      'UNAUTHENTICATED',
    ] as const;
    expect(names.map((name) => StatusCode[name])).toEqual(names.map((_, code) => code));
    expect(names.map((_, code) => StatusCode.name(code))).toEqual(names);
    expect(StatusCode.name(99)).toBe('UNKNOWN(99)');
  });

  it.each([0, 16])('%o is one', (code) => expect(isStatusCode(code)).toBe(true));
  it.each([-1, 17, 1.5, NaN, '5', undefined, null])('%o is none', (code) => expect(isStatusCode(code)).toBe(false));
});
