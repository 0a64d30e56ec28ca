import { textOf } from '../status/text-of.js';
import { UsageError } from '../status/usage-error.js';
import { endpointName, type BindTarget } from './listen-address.js';
import type { Listener } from './listener.js';

/** How often to look for a port that is free on every address of a name. */
const MAX_ATTEMPTS = 5;

/** One address to listen on, bound: everything that its name resolves to, on one port. */
export interface BoundAddress {
  readonly listeners: readonly Listener[];
  /** In gRPC's form. */
  readonly endpoints: readonly string[];
  /** 0 for a unix socket. */
  readonly port: number;
  /** What the addresses that could not be bound failed with. */
  readonly failures: readonly unknown[];
}

/**
 * Binds everything that an address stands for. Port 0 picks one port, the same everywhere: a port that is taken on one of
 * the addresses is given back, and another one tried.
 *
 * @param address as the user wrote it, for the error
 * @throws {UsageError} when nothing could be bound
 */
export async function bindAddress(
  address: string,
  targets: readonly BindTarget[],
  createListener: () => Listener,
): Promise<BoundAddress> {
  for (let attempt = 1; ; attempt++) {
    const bound = await bindAll(targets, createListener);
    if (bound.listeners.length === 0) throw cannotListen(address, bound.failures);
    if (attempt === MAX_ATTEMPTS || !picked(targets) || !bound.failures.some(isTaken)) return bound;
    await Promise.all(bound.listeners.map((listener) => listener.close()));
  }
}

async function bindAll(targets: readonly BindTarget[], createListener: () => Listener): Promise<BoundAddress> {
  const listeners: Listener[] = [];
  const endpoints: string[] = [];
  const failures: unknown[] = [];
  let port = 0;
  for (const target of targets) {
    const wanted = 'path' in target ? target : { host: target.host, port: target.port === 0 ? port : target.port };
    const listener = createListener();
    try {
      port = await listener.bind(wanted);
      listeners.push(listener);
      endpoints.push('path' in target ? `unix:${target.path}` : endpointName(target.host, port));
    } catch (error) {
      failures.push(error);
    }
  }
  return { listeners, endpoints, port, failures };
}

function picked([first]: readonly BindTarget[]): boolean {
  return first !== undefined && 'port' in first && first.port === 0;
}

function isTaken(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'EADDRINUSE';
}

function cannotListen(address: string, failures: readonly unknown[]): UsageError {
  const reasons = failures.map(textOf);
  return new UsageError(`Cannot listen on "${address}": ${reasons.join('; ')}`, { cause: failures[0] });
}
