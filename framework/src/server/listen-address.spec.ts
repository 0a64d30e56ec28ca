import { lookup } from 'node:dns/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../status/usage-error.js';
import { bindTargets, endpointName, isLoopback, parseListenAddress } from './listen-address.js';

vi.mock(import('node:dns/promises'), { spy: true });

afterEach(() => {
  vi.mocked(lookup).mockReset();
});

describe('a listen address', () => {
  it.each([
    ['localhost:50051', { kind: 'tcp', host: 'localhost', port: 50_051 }],
    ['127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['finder.example:65535', { kind: 'tcp', host: 'finder.example', port: 65_535 }],
    ['[::1]:50051', { kind: 'tcp', host: '::1', port: 50_051 }],
    ['[::]:0', { kind: 'tcp', host: '::', port: 0 }],
    ['unix:relative.sock', { kind: 'unix', path: 'relative.sock' }],
    ['unix:/run/finder.sock', { kind: 'unix', path: '/run/finder.sock' }],
    ['unix:///run/finder.sock', { kind: 'unix', path: '/run/finder.sock' }],
  ])('%s is read', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each([
    ['', 'nothing'],
    ['localhost', 'no port'],
    ['localhost:', 'no port'],
    [':50051', 'no host'],
    ['50051', 'only a port'],
    ['localhost:65536', 'a port too large'],
    ['localhost:-1', 'a negative port'],
    ['localhost:http', 'a word for a port'],
    ['::1:50051', 'v6 without brackets'],
    ['[localhost]:50051', 'a name in brackets'],
    ['[127.0.0.1]:50051', 'v4 in brackets'],
    ['http://localhost:50051', 'a URL'],
    ['dns:///localhost:50051', 'a client’s target'],
    ['unix:', 'no path'],
    ['unix://host/path', 'a path with a host'],
  ])('"%s" is refused: %s', (text) => {
    expect(() => parseListenAddress(text)).toThrow(UsageError);
    expect(() => parseListenAddress(text)).toThrow(
      `"${text}" is no address to listen on; write "host:port", "[v6]:port" (port 0 to 65535) or "unix:path"`,
    );
  });
});

describe('what to bind', () => {
  it.each([
    ['127.0.0.1:5', [{ host: '127.0.0.1', port: 5 }]],
    ['[::1]:5', [{ host: '::1', port: 5 }]],
    ['unix:/run/x', [{ path: '/run/x' }]],
  ])('of %s needs no resolver', async (text, targets) => {
    expect(await bindTargets(parseListenAddress(text))).toEqual(targets);
    expect(lookup).not.toHaveBeenCalled();
  });

  it('of a name is every address it resolves to, each once', async () => {
    resolvesTo('127.0.0.1', '::1', '127.0.0.1');

    expect(await bindTargets(parseListenAddress('localhost:5'))).toEqual([
      { host: '127.0.0.1', port: 5 },
      { host: '::1', port: 5 },
    ]);
  });

  it('of a name that does not resolve is an error that says so', async () => {
    vi.mocked(lookup).mockRejectedValue(new Error('getaddrinfo ENOTFOUND nowhere.invalid'));
    const targets = bindTargets(parseListenAddress('nowhere.invalid:5'));

    await expect(targets).rejects.toThrow(UsageError);
    await expect(targets).rejects.toThrow(
      'Cannot listen on "nowhere.invalid:5": the name "nowhere.invalid" does not resolve',
    );
  });
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.8.7', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['fd00::2', false],
    ['128.0.0.1', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback({ host, port: 1 })).toBe(expected);
  });

  it('is what a unix socket is', () => {
    expect(isLoopback({ path: '/run/x' })).toBe(true);
  });
});

describe('an endpoint in gRPC’s form', () => {
  it.each([
    ['10.0.0.1', 'ipv4:10.0.0.1:5000'],
    ['::1', 'ipv6:[::1]:5000'],
    ['fd00::2', 'ipv6:[fd00::2]:5000'],
    ['::ffff:10.0.0.1', 'ipv4:10.0.0.1:5000'],
  ])('%s', (ip, expected) => {
    expect(endpointName(ip, 5_000)).toBe(expected);
  });
});

function resolvesTo(...addresses: string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  // the overload with `all`, which is the only one in use
  vi.mocked(lookup).mockResolvedValue(found as never);
}
