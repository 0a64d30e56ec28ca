import { Injectable, Module, Scope, type Type } from '@nestjs/common';
import { StatusCode, type OnServerDraining, type OnServerServing, type OnServerTerminated } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { deferred, settle, within } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { startTestServer } from './support/test-server.js';

/** A provider with every hook of the server's. */
function hooked(log: string[], run: (hook: string) => unknown = () => undefined): Type {
  const told = (hook: string): unknown => {
    log.push(hook);
    return run(hook);
  };

  @Injectable()
  class Registry implements OnServerServing, OnServerDraining, OnServerTerminated {
    onServerServing(): unknown {
      return told('onServerServing');
    }
    onServerDraining(): unknown {
      return told('onServerDraining');
    }
    onServerTerminated(): unknown {
      return told('onServerTerminated');
    }
  }
  return Registry;
}

const STATES = ['serving', 'draining', 'closing', 'terminated'] as const;
const SERVER_HOOKS = ['onServerServing', 'onServerDraining', 'onServerTerminated'];

describe('a provider’s hooks of the server', () => {
  it('run once each, in order with the states', async () => {
    const log: string[] = [];
    await using test = await startTestServer({
      providers: [hooked(log)],
      prepare: (app) => STATES.forEach((state) => app.on(state, () => log.push(state))),
    });
    await Promise.all([test.app.close(), test.server.stop(null)]);

    expect(log).toEqual([
      'serving',
      'onServerServing',
      'draining',
      'onServerDraining',
      'closing',
      'terminated',
      'onServerTerminated',
    ]);
  });

  it('run once for a provider that several modules list, and for controllers', async () => {
    const log: string[] = [];
    const Shared = hooked(log);
    const shared = new Shared();
    @Module({ providers: [{ provide: 'again', useValue: shared }] })
    class Other {}
    await using test = await startTestServer({
      providers: [{ provide: Shared, useValue: shared }],
      imports: [Other],
      controllers: [hooked(log)],
    });
    await test.server.stop(null);

    expect(log).toEqual(SERVER_HOOKS.flatMap((hook) => [hook, hook]));
  });

  it('that throw or reject are logged, and stop nothing', async () => {
    const log: string[] = [];
    const fail = (hook: string): never => {
      throw new Error(`no ${hook}`);
    };
    const reject = async (hook: string): Promise<never> => fail(hook);
    await using test = await startTestServer({
      providers: [hooked(log, fail), { provide: 'other', useClass: hooked(log, reject) }],
    });
    await within(test.server.stop(null), 'the end of the server');

    expect(log).toEqual(SERVER_HOOKS.flatMap((hook) => [hook, hook]));
    expect(test.logger.messages('error')).toEqual(
      SERVER_HOOKS.flatMap((hook) => [0, 1].map(() => `Registry.${hook}() failed: no ${hook}`)),
    );
  });

  it('of draining are waited for while calls are still served, and no longer than the grace period', async () => {
    const [clock, log] = [new FakeClock(), [] as string[]];
    const never = deferred();
    const providers = [hooked(log, (hook) => (hook === 'onServerDraining' ? never.promise : undefined))];
    await using test = await startTestServer({ controllers: [kindsServicer({ unary: () => ({}) })], providers, clock });
    const stopped = test.server.stop(3_000);
    await clock.advance(2_999);
    expect(await within(test.connect().unary().ended, 'a call meanwhile')).toMatchObject({ code: StatusCode.OK });
    await clock.advance(1);
    await within(stopped, 'the end of the server');

    expect(log).toEqual(SERVER_HOOKS);
  });

  it('of the beginning are waited for by app.listen()', async () => {
    const [begun, let_go] = [deferred(), deferred()];
    const providers = [
      hooked([], (hook) => {
        if (hook !== 'onServerServing') return undefined;
        begun.resolve();
        return let_go.promise;
      }),
    ];
    let isListening = false;
    const starting = startTestServer({ providers }).then((test) => {
      isListening = true;
      return test;
    });
    await within(begun.promise, 'the hook');
    await settle();
    expect(isListening).toBe(false);
    let_go.resolve();
    await using test = await starting;

    expect(test.server.state).toBe('serving');
  });

  it('are not looked for where there is an instance for each call', async () => {
    const log: string[] = [];
    const useClass = hooked(log);
    await using test = await startTestServer({ providers: [{ provide: 'scoped', useClass, scope: Scope.REQUEST }] });
    await test.server.stop(null);

    expect(log).toEqual([]);
  });

  it('of draining and serving do not run for a server that never served', async () => {
    const log: string[] = [];
    await using test = await startTestServer({ providers: [hooked(log)], options: { autoStart: false } });
    await test.server.stop();

    expect(log).toEqual(['onServerTerminated']);
  });
});
