import { once } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectionSet } from './connection-set.js';
import { Listener, type ListenerAudience } from './listener.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** A bound listener, who hears of it, and the `net.Server` behind it. */
async function bound() {
  const listen = vi.spyOn(Server.prototype, 'listen');
  const connections = new ConnectionSet();
  const audience = { connected: vi.fn<ListenerAudience['connected']>(), failed: vi.fn(), lost: vi.fn() };
  const listener = new Listener(connections, audience);
  const port = await listener.bind(LOOPBACK);
  const core = listen.mock.contexts.at(-1) as Server;
  onTestFinished(async () => {
    connections.destroyAll();
    await listener.close();
  });
  return { listener, connections, audience, port, core };
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Waits, turn by turn of the loop, for what the system does in its own time. */
async function until(condition: () => boolean): Promise<void> {
  const endsAt = performance.now() + 10_000;
  while (!condition()) {
    expect(performance.now()).toBeLessThan(endsAt);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a listener', () => {
  it('S2-7 holds connections until it serves, and loses nothing of what they sent', async () => {
    const { listener, connections, audience, port } = await bound();
    const early = await client(port);
    early.write('early');
    await until(() => connections.size === 1);
    expect(audience.connected).not.toHaveBeenCalled();

    const read = new Promise<string>((resolve) => {
      audience.connected.mockImplementation((socket) => void socket.once('data', (bytes) => resolve(bytes.toString())));
    });
    listener.serve();
    expect(await read).toBe('early');
    await client(port);
    await until(() => audience.connected.mock.calls.length === 2);
  });

  it('forgets a held connection whose client has gone', async () => {
    const { listener, connections, audience, port } = await bound();
    const gone = await client(port);
    await until(() => connections.size === 1);
    gone.resetAndDestroy();
    await connections.empty();
    listener.serve();

    expect(audience.connected).not.toHaveBeenCalled();
  });

  it('closes what it holds when it is closed', async () => {
    const { listener, connections, port } = await bound();
    const held = await client(port);
    await until(() => connections.size === 1);
    const closed = once(held, 'close');
    await listener.close();

    await closed;
    expect(connections.size).toBe(0);
  });

  it('says what the system says when it cannot be bound', async () => {
    const { port } = await bound();
    const other = new Listener(new ConnectionSet(), { connected: vi.fn(), failed: vi.fn(), lost: vi.fn() });

    await expect(other.bind({ ...LOOPBACK, port })).rejects.toThrow('EADDRINUSE');
    await other.close();
  });

  it('closed while it is being bound does not stay bound', async () => {
    const listener = new Listener(new ConnectionSet(), { connected: vi.fn(), failed: vi.fn(), lost: vi.fn() });
    const listen = vi.spyOn(Server.prototype, 'listen');
    const binding = listener.bind(LOOPBACK);
    await listener.close();

    await expect(binding).rejects.toThrow('The server was stopped before it was bound');
    expect((listen.mock.contexts[0] as Server).listening).toBe(false);
  });

  it('goes on after a connection that could not be accepted', async () => {
    const { listener, audience, port, core } = await bound();
    listener.serve();
    const noDescriptor = new Error('accept EMFILE');
    core.emit('error', noDescriptor);
    await client(port);
    await until(() => audience.connected.mock.calls.length === 1);

    expect(audience.failed.mock.calls).toEqual([[noDescriptor]]);
    expect(audience.lost).not.toHaveBeenCalled();
  });

  it('S2-3 tells when somebody else closed it', async () => {
    const { audience, core } = await bound();
    core.close();
    await once(core, 'close');

    expect(audience.lost).toHaveBeenCalledTimes(1);
  });

  it('tells nobody when it was asked to close', async () => {
    const { listener, audience } = await bound();
    await Promise.all([listener.close(), listener.close()]);

    expect(audience.lost).not.toHaveBeenCalled();
  });
});
