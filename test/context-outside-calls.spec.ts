import { inspect } from 'node:util';
import { Inject, Injectable, Module, Scope, type CanActivate, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { OutsideCallError, Servicer, ServicerContext, Unary } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { metadataOf } from './support/raw-service.js';
import { startTestServer } from './support/test-server.js';

/** A singleton some layers below the handlers. */
@Injectable()
class Users {
  constructor(readonly context: ServicerContext) {}

  get current(): string {
    return String(this.context.invocationMetadata().get('user'));
  }
}

const as = (user: string) => ({ metadata: metadataOf({ user }) });

describe('outside a call', () => {
  @Injectable()
  class Eager implements OnApplicationBootstrap {
    atBoot: unknown;

    constructor(readonly context: ServicerContext) {}

    onApplicationBootstrap(): void {
      this.atBoot = caught(() => this.context.peer());
    }
  }

  function caught(work: () => unknown): unknown {
    try {
      return work();
    } catch (error) {
      return error;
    }
  }

  it('it throws, naming the member and the provider', async () => {
    await using test = await startTestServer({ providers: [Users, Eager] });
    const eager = test.app.get(Eager);
    const users = test.app.get(Users);

    expect(eager.atBoot).toBeInstanceOf(OutsideCallError);
    expect(eager.atBoot).toMatchObject({
      message: expect.stringMatching(/^ServicerContext\.peer was used outside a call, by Eager\. /),
    });
    expect(() => users.context.signal).toThrow('ServicerContext.signal was used outside a call, by Users.');
    expect(() => users.context.cancel()).toThrow('ServicerContext.cancel was used outside a call, by Users.');
    expect(ServicerContext.current()).toBeUndefined();
  });

  it('it can be looked at, awaited and printed', async () => {
    await using test = await startTestServer({ providers: [Users] });
    const { context } = test.app.get(Users);

    expect(context).toBeInstanceOf(ServicerContext);
    await expect(Promise.resolve(context)).resolves.toBe(context);
    expect(JSON.stringify({ context })).toBe('{"context":{}}');
    expect(inspect(context)).toBe('ServicerContext (outside a call)');
    expect(Object.keys(context)).toEqual([]);
  });
});

describe('where it can be injected', () => {
  const FACTORY = Symbol('factory');

  @Injectable()
  class ByProperty {
    @Inject() readonly context!: ServicerContext;
  }

  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {
    constructor(readonly context: ServicerContext) {}
  }

  @Injectable()
  class AppGuard implements CanActivate {
    constructor(private readonly context: ServicerContext) {}

    canActivate(): boolean {
      return this.context.invocationMetadata().get('user') === 'ada';
    }
  }

  @Module({ providers: [ByProperty, Transient], exports: [ByProperty, Transient] })
  class FeatureModule {}

  @Servicer(Kinds, { partial: true })
  class PeerServicer {
    constructor(
      private readonly byProperty: ByProperty,
      private readonly transient: Transient,
      @Inject(FACTORY) private readonly made: { context: ServicerContext },
    ) {}

    @Unary()
    unary(_request: Item, context: ServicerContext) {
      const injected = [this.byProperty.context, this.transient.context, this.made.context];
      return { text: injected.map((one) => one !== context && one.signal === context.signal).join(' ') };
    }
  }

  it('in a property, a transient provider, a factory, an APP_GUARD, and a module that imports nothing', async () => {
    await using test = await startTestServer({
      controllers: [PeerServicer],
      imports: [FeatureModule],
      providers: [
        { provide: FACTORY, inject: [ServicerContext], useFactory: (context: ServicerContext) => ({ context }) },
        { provide: APP_GUARD, useClass: AppGuard },
      ],
    });

    expect(await test.client.unary({}, as('ada')).responses).toMatchObject([{ text: 'true true true' }]);
    expect(await test.client.unary({}, as('eve')).ended).toMatchObject({ code: 7 });
    // none of them made the servicer one for each call
    expect(test.app.get(PeerServicer)).toBeInstanceOf(PeerServicer);
  });
});

describe('context.detach()', () => {
  @Servicer(Kinds, { partial: true })
  class DetachingServicer {
    constructor(readonly users: Users) {}

    @Unary()
    async unary(_request: Item, context: ServicerContext) {
      const left = await context.detach(async () => {
        const contexts = [ServicerContext.current()];
        await Promise.resolve();
        contexts.push(ServicerContext.current());
        await new Promise<void>((resolve) => {
          setImmediate(() => {
            contexts.push(ServicerContext.current());
            resolve();
          });
        });
        expect(() => this.users.current).toThrow(OutsideCallError);
        return contexts.filter((one) => one !== undefined).length;
      });
      return { count: left, text: this.users.current };
    }
  }

  it('runs what does not belong to the call, and gives back what that gives', async () => {
    await using test = await startTestServer({ controllers: [DetachingServicer], providers: [Users] });

    expect(await test.client.unary({}, as('ada')).responses).toMatchObject([{ count: 0, text: 'ada' }]);
  });
});
