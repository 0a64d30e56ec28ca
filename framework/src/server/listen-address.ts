import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { UsageError } from '../status/usage-error.js';

/** Where to listen: a TCP host and port, or the path of a unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** One thing to bind: an IP address, never a name. */
export type BindTarget = { readonly host: string; readonly port: number } | { readonly path: string };

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/**
 * Reads `host:port`, `[v6]:port` or `unix:path`. Port 0 picks one.
 *
 * @throws {UsageError} for anything else
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    // of a URI only the form without a host is one: unix:///absolute/path
    if (path === '' || path.startsWith('//')) throw notAnAddress(text);
    return { kind: 'unix', path };
  }
  const [, v6, host = v6, port] = HOST_PORT.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) throw notAnAddress(text);
  return { kind: 'tcp', host, port: Number(port) };
}

function notAnAddress(text: string): UsageError {
  return new UsageError(
    `"${text}" is no address to listen on; write "host:port", "[v6]:port" (port 0 to 65535) or "unix:path"`,
  );
}

/**
 * Every IP address that a listen address stands for, so that `localhost` means v4 and v6.
 *
 * @throws {UsageError} for a name that resolves to nothing
 */
export async function bindTargets(address: ListenAddress): Promise<BindTarget[]> {
  if (address.kind === 'unix') return [{ path: address.path }];
  const { host, port } = address;
  if (isIP(host) !== 0) return [{ host, port }];
  const found = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new UsageError(`Cannot listen on "${host}:${port}": the name "${host}" does not resolve`, { cause });
  });
  return [...new Set(found.map((entry) => entry.address))].map((ip) => ({ host: ip, port }));
}

/** Whether only this machine can connect to it. */
export function isLoopback(target: BindTarget): boolean {
  if ('path' in target) return true;
  return target.host === '::1' || /^(::ffff:)?127\./.test(target.host);
}

/** A TCP endpoint as gRPC writes it: `ipv4:10.0.0.1:5000`, `ipv6:[::1]:5000`. */
export function endpointName(ip: string, port: number): string {
  const v4 = ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
  return isIP(v4) === 4 ? `ipv4:${v4}:${port}` : `ipv6:[${ip}]:${port}`;
}
