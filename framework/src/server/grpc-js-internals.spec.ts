import type * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeGrpcJsInternals } from './grpc-js-internals.js';

describe('design 3, the boot probe over the internals of grpc-js', () => {
  afterEach(() => {
    vi.doUnmock('@grpc/grpc-js');
    vi.resetModules();
  });

  it('finds everything in the grpc-js that is installed', () => {
    expect(probeGrpcJsInternals()).toEqual([]);
  });

  it.each<[what: string, http2Servers: unknown]>([
    ['does not keep its HTTP/2 servers', undefined],
    ['keeps them in another way', []],
    ['keeps other things', new Map([[{}, {}]])],
  ])('warns of a grpc-js that %s, naming the entry and the version', async (_what, http2Servers) => {
    vi.resetModules();
    vi.doMock('@grpc/grpc-js', async (original) => {
      class Server {
        readonly http2Servers = http2Servers;
        createConnectionInjector() {
          return { destroy: () => undefined };
        }
        forceShutdown() {}
      }
      return { ...(await original<typeof grpc>()), Server };
    });
    const { probeGrpcJsInternals: probe } = await import('./grpc-js-internals.js');

    expect(probe()).toEqual([
      expect.stringMatching(
        /^"received-calls" is not where nestjs-servicer looks for it in @grpc\/grpc-js \d+\.\d+\.\d+: repeated metadata/,
      ),
    ]);
  });
});
