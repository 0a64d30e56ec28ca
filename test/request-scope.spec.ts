import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { Controller, Inject, Injectable, NotFoundException, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import { ContextIdFactory, REQUEST, type ContextId, type ContextIdStrategy } from '@nestjs/core';
import { ServerStream, Servicer, ServicerContext, StatusError, Unary } from 'nestjs-servicer';
import { afterEach, describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { until } from './support/deferred.js';
import { metadataOf } from './support/raw-service.js';
import { startTestServer } from './support/test-server.js';

/** What Nest gives a request-scoped provider as its REQUEST. */
interface RequestHost {
  getContext(): ServicerContext;
  getData(): Item;
  getPattern(): string;
}

let made: WeakRef<object>[] = [];
afterEach(() => void (made = []));

@Injectable({ scope: Scope.REQUEST })
class Session {
  readonly user: string;

  constructor(
    @Inject(REQUEST) readonly host: RequestHost,
    readonly injected: ServicerContext,
  ) {
    made.push(new WeakRef(this));
    this.user = String(host.getContext().invocationMetadata().get('user') ?? '');
    if (this.user === 'mallory') throw new StatusError(16, 'not mallory');
    if (this.user === 'eve') throw new Error('oh');
  }
}

@Injectable()
class SessionGuard implements CanActivate {
  constructor(private readonly session: Session) {}

  canActivate(): boolean {
    return this.session.user !== 'trudy';
  }
}

@UseGuards(SessionGuard)
@Servicer(Kinds, { partial: true })
class SessionServicer {
  constructor(private readonly session: Session) {}

  @Unary()
  async unary(request: Item, context: ServicerContext) {
    const { host, injected, user } = this.session;
    await Promise.resolve();
    const isOne = [host.getContext(), ServicerContext.current()].every((other) => other === context);
    const isRequest = host.getData() === request && host.getPattern() === '/servicer.test.v1.Kinds/Unary';
    return { text: `${user} ${isOne} ${isRequest} ${injected.peer() === context.peer()}` };
  }

  @ServerStream()
  async *serve({ count }: Item) {
    for (let at = 0; at < count; at++) {
      await Promise.resolve();
      yield { text: `${this.session.user} ${this.session.host.getContext() === ServicerContext.current()}` };
    }
    if (this.session.user === 'oscar') throw new NotFoundException('no oscar');
  }
}

const application = { controllers: [SessionServicer], providers: [Session] };
const as = (user: string) => ({ metadata: metadataOf({ user }) });

describe('nest C14, a request-scoped servicer', () => {
  it('is made for each call, with the call as its REQUEST', async () => {
    await using test = await startTestServer(application);
    const users = ['ada', 'bob', 'eva'];
    const answers = await Promise.all(users.map((user) => test.client.unary({}, as(user)).responses));

    expect(answers.flat().map(({ text }) => text)).toEqual(users.map((user) => `${user} true true true`));
    expect(made).toHaveLength(3);
  });

  it('lives as long as its stream', async () => {
    await using test = await startTestServer(application);
    const [ada, bob] = await Promise.all(
      ['ada', 'bob'].map((user) => test.client.serve({ count: 3 }, as(user)).responses),
    );

    expect(ada?.map(({ text }) => text)).toEqual(Array(3).fill('ada true'));
    expect(bob?.map(({ text }) => text)).toEqual(Array(3).fill('bob true'));
    expect(made).toHaveLength(2);
  });

  it.each<[what: string, user: string, code: number, details: string, logged: string[]]>([
    ['throws a StatusError', 'mallory', 16, 'not mallory', []],
    ['throws an error', 'eve', 2, 'Exception calling application', ['oh']],
  ])('whose constructor %s ends the call', async (_what, user, code, details, logged) => {
    await using test = await startTestServer(application);
    for (const rpc of ['unary', 'serve'] as const) {
      test.logger.lines.length = 0;
      expect(await test.client[rpc]({ count: 1 }, as(user)).ended).toMatchObject({ code, details });
      expect(test.logger.messages('error')).toEqual(logged);
    }
  });

  it('is guarded by a guard that uses the same instances', async () => {
    await using test = await startTestServer(application);
    expect(await test.client.unary({}, as('trudy')).ended).toMatchObject({ code: 7, details: 'Forbidden resource' });
    expect(made).toHaveLength(1);
  });

  it('keeps the class of what it throws mid-stream', async () => {
    await using test = await startTestServer(application);
    const { responses, ended } = test.client.serve({ count: 1 }, as('oscar'));

    expect(await responses).toHaveLength(1);
    expect(await ended).toMatchObject({ code: 5, details: 'no oscar' });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('leaves nothing behind when its calls are over', async () => {
    await using test = await startTestServer(application);
    for (let at = 0; at < 20; at++) {
      const calls = Array.from({ length: 10 }, () => test.client.unary({}, as('ada')).ended);
      await Promise.all([...calls, test.client.serve({ count: 2 }, as('ada')).ended]);
    }
    expect(made).toHaveLength(220);

    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // the last call may still be held by what runs here
    await until(() => {
      collect();
      return made.filter((reference) => reference.deref() !== undefined).length <= 1;
    }, 'all instances are gone');
  });
});

describe('a durable servicer', () => {
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class Tenant {
    calls = 0;
    constructor(@Inject(REQUEST) readonly payload: { readonly tenant: string }) {
      made.push(new WeakRef(this));
    }
  }

  @Servicer(Kinds, { partial: true })
  @Controller({ scope: Scope.REQUEST, durable: true })
  class TenantServicer {
    constructor(private readonly tenant: Tenant) {}

    @Unary() async unary(request: Item, context: ServicerContext) {
      if (request.text === 'fail') throw new NotFoundException(`nothing for ${this.tenant.payload.tenant}`);
      await Promise.resolve();
      this.tenant.calls += 1;
      return { text: `${this.tenant.payload.tenant} ${this.tenant.calls} ${context === ServicerContext.current()}` };
    }
  }

  /** One sub-tree of providers for each tenant, as Nest's documentation has it. */
  class ByTenant implements ContextIdStrategy<RequestHost> {
    readonly #trees = new Map<string, ContextId>();

    attach(contextId: ContextId, request: RequestHost) {
      const tenant = String(request.getContext().invocationMetadata().get('tenant'));
      const tree = this.#trees.get(tenant) ?? ContextIdFactory.create();
      this.#trees.set(tenant, tree);
      return {
        resolve: ({ isTreeDurable }: { isTreeDurable: boolean }) => (isTreeDurable ? tree : contextId),
        payload: { tenant },
      };
    }
  }

  it('is made once for each tenant, whose name comes from the metadata', async () => {
    const plain = { attach: () => undefined } as unknown as ContextIdStrategy;
    ContextIdFactory.apply(new ByTenant());
    try {
      await using test = await startTestServer({ controllers: [TenantServicer], providers: [Tenant] });
      const call = async (tenant: string, text = '') => {
        const { responses, ended } = test.client.unary({ text }, { metadata: metadataOf({ tenant }) });
        const [response] = await responses;
        return response?.text ?? (await ended).details;
      };

      expect([await call('a'), await call('b'), await call('a'), await call('a', 'fail')]).toEqual([
        'a 1 true',
        'b 1 true',
        'a 2 true',
        'nothing for a',
      ]);
      expect(made).toHaveLength(2);
    } finally {
      ContextIdFactory.apply(plain);
    }
  });
});
