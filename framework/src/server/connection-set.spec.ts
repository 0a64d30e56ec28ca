import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectionSet, peerName } from './connection-set.js';
import type { ConnectionEnds } from './grpc-js-call.js';

/** A server's end and a client's end of one connection. */
async function tcpPair(): Promise<{ readonly ours: Socket; readonly theirs: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[ours]] = (await Promise.all([once(server, 'connection'), once(theirs, 'connect')])) as [[Socket], unknown];
  for (const end of [ours, theirs]) end.on('error', () => undefined);
  server.close();
  onTestFinished(() => {
    ours.destroy();
    theirs.destroy();
  });
  return { ours, theirs };
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): ConnectionEnds {
  return { localAddress, localPort, remoteAddress, remotePort };
}

describe('a connection set', () => {
  it('knows whether a client is still connected', async () => {
    const connections = new ConnectionSet();
    const { ours, theirs } = await tcpPair();
    const ends = endsOf(ours);
    expect(connections.isConnected(ends)).toBe(false);
    connections.add(ours);
    expect(connections.isConnected(ends)).toBe(true);

    theirs.resetAndDestroy();
    await connections.empty();
    expect(connections.isConnected(ends)).toBe(false);
    expect(connections.size).toBe(0);
  });

  it('tells connections of one client port to several of ours apart', async () => {
    const connections = new ConnectionSet();
    const [one, other] = [new FakeSocket(50_051), new FakeSocket(50_052)];
    connections.add(one);
    connections.add(other);
    one.destroy();
    await once(one, 'close');

    expect(connections.isConnected(one.ends)).toBe(false);
    expect(connections.isConnected(other.ends)).toBe(true);
  });

  it('takes a client without an address for connected', () => {
    expect(new ConnectionSet().isConnected({})).toBe(true);
  });

  it('is empty when the last connection has closed, for all who wait', async () => {
    const connections = new ConnectionSet();
    await connections.empty();
    const [{ ours: first }, { ours: second }] = [await tcpPair(), await tcpPair()];
    connections.add(first);
    connections.add(second);
    const told = vi.fn();
    const waits = [connections.empty().then(told), connections.empty().then(told)];
    first.destroy();
    await once(first, 'close');
    expect(told).not.toHaveBeenCalled();
    second.destroy();

    await Promise.all(waits);
    expect(connections.size).toBe(0);
  });

  it('destroys all, also what is no socket', async () => {
    const connections = new ConnectionSet();
    const [ours] = duplexPair();
    const { ours: socket } = await tcpPair();
    connections.add(ours);
    connections.add(socket);
    connections.destroyAll();

    await connections.empty();
    expect([ours.destroyed, socket.destroyed]).toEqual([true, true]);
  });

  it('does not wait for a stream that never says it has closed', async () => {
    const connections = new ConnectionSet();
    connections.add(new Duplex({ read: () => undefined, emitClose: false }));
    const emptied = connections.empty();
    connections.destroyAll();

    await emptied;
  });

  it('survives the error of a connection', async () => {
    const connections = new ConnectionSet();
    const { ours } = await tcpPair();
    ours.removeAllListeners('error');
    connections.add(ours);
    ours.destroy(new Error('broken'));

    await connections.empty();
  });
});

describe('a peer', () => {
  it.each([
    [{ remoteAddress: '10.0.0.1', remotePort: 5 }, 'ipv4:10.0.0.1:5'],
    [{ remoteAddress: '::1', remotePort: 5 }, 'ipv6:[::1]:5'],
    [{}, 'unix:/run/x'],
  ])('of %o is %s', (ends, expected) => {
    expect(peerName(ends, 'unix:/run/x')).toBe(expected);
  });
});

/** A connection as far as its ends are concerned. */
class FakeSocket extends Duplex {
  readonly localAddress = '127.0.0.1';
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 40_000;

  constructor(readonly localPort: number) {
    super({ read: () => undefined });
  }

  get ends(): ConnectionEnds {
    const { localAddress, localPort, remoteAddress, remotePort } = this;
    return { localAddress, localPort, remoteAddress, remotePort };
  }
}
