import { Controller, Inject, Injectable, Scope, SetMetadata, UseGuards, UseInterceptors } from '@nestjs/common';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector, REQUEST } from '@nestjs/core';
import { InvocationMetadata, ServerStream, Servicer, Unary, ServicerContext } from 'nestjs-servicer';
import { map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Item } from './gen/ts-proto/kinds.js';
import { callPath, itemService } from './support/raw-service.js';
import { startTestServer } from './support/test-server.js';

const First = itemService('demo.First', ['hello', 'whoami'], ['list']);
const Second = itemService('demo.Second', ['hello', 'whoami'], ['list']);

const refusals: string[] = [];

/** Refuses what is marked with the caller's name. */
@Injectable()
class Doorman implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(host: ExecutionContext): boolean {
    const refused = this.reflector.get<string | undefined>('refused', host.getHandler());
    const user = host.switchToRpc().getContext<ServicerContext>().invocationMetadata().get('user');
    if (refused !== user) return true;
    refusals.push(`${host.getClass().name}.${host.getHandler().name}`);
    return false;
  }
}

@Injectable()
class Exclaims implements NestInterceptor {
  intercept(_host: ExecutionContext, next: CallHandler<Item>): Observable<unknown> {
    return next.handle().pipe(map(({ text }) => ({ text: `${text}!` })));
  }
}

abstract class Base {
  abstract readonly greeting: string;

  @UseGuards(Doorman)
  @SetMetadata('refused', 'mallory')
  @Unary()
  hello(request: Item, @InvocationMetadata('user') user: string, context: ServicerContext) {
    return { text: `${this.greeting} ${request.text} from ${user} ${context === ServicerContext.current()}` };
  }

  @Unary()
  whoami() {
    return { text: 'base' };
  }

  @ServerStream()
  @UseInterceptors(Exclaims)
  async *list() {
    for (const text of ['a', 'b']) yield { text: `${this.greeting} ${text}` };
  }
}

describe('handlers of an abstract base class', () => {
  @Servicer(First)
  class FirstServicer extends Base {
    readonly greeting = 'hi';
  }

  @Servicer(Second)
  class SecondServicer extends Base {
    readonly greeting = 'moin';

    override whoami() {
      return { text: `second, not ${super.whoami().text}` };
    }
  }

  const controllers = [FirstServicer, SecondServicer];

  it('serve each subclass as if they were its own', async () => {
    await using test = await startTestServer({ controllers });
    const ada = { user: 'ada' };

    expect(await callPath(test.client, '/demo.First/Hello', { text: 'Bob' }, ada)).toEqual(['hi Bob from ada true']);
    expect(await callPath(test.client, '/demo.Second/Hello', { text: 'Bob' }, ada)).toEqual(['moin Bob from ada true']);
    expect(await callPath(test.client, '/demo.First/List')).toEqual(['hi a!', 'hi b!']);
    expect(await callPath(test.client, '/demo.Second/List')).toEqual(['moin a!', 'moin b!']);
  });

  it('may be overridden, decorated or not', async () => {
    await using test = await startTestServer({ controllers });

    expect(await callPath(test.client, '/demo.First/Whoami')).toEqual(['base']);
    expect(await callPath(test.client, '/demo.Second/Whoami')).toEqual(['second, not base']);
  });

  it('keep what is bound to them and marked on them', async () => {
    await using test = await startTestServer({ controllers });
    refusals.length = 0;
    const mallory = { user: 'mallory' };

    expect(await callPath(test.client, '/demo.First/Hello', {}, mallory)).toEqual([[7, 'Forbidden resource']]);
    expect(await callPath(test.client, '/demo.Second/Hello', {}, mallory)).toEqual([[7, 'Forbidden resource']]);
    expect(refusals).toEqual(['FirstServicer.hello', 'SecondServicer.hello']);
  });
});

describe('a servicer that extends a servicer', () => {
  @Servicer(First)
  class Parent {
    @Unary() hello() {
      return { text: 'parent' };
    }
    @Unary() whoami() {
      return { text: this.constructor.name };
    }
    @ServerStream() async *list() {
      for (const text of ['a', 'b']) yield { text };
    }
  }

  @Servicer(Second)
  class Child extends Parent {
    @Unary() override hello() {
      return { text: 'child' };
    }
  }

  it('serves its own service, and its parent still serves the other', async () => {
    await using test = await startTestServer({ controllers: [Parent, Child] });
    const rpcs = ['Hello', 'Whoami', 'List'];

    const call = (service: string) => Promise.all(rpcs.map((rpc) => callPath(test.client, `/demo.${service}/${rpc}`)));
    expect(await call('First')).toEqual([['parent'], ['Parent'], ['a', 'b']]);
    expect(await call('Second')).toEqual([['child'], ['Child'], ['a', 'b']]);
  });
});

describe('the scope of a servicer', () => {
  let made = 0;

  abstract class Counted {
    readonly number = (made += 1);
    readonly request = 'none';

    @Unary() hello() {
      return { text: String(this.number) };
    }
  }

  const Hello = itemService('demo.Hello', ['hello']);

  @Servicer(Hello)
  @Injectable({ scope: Scope.REQUEST })
  class InjectableBelow extends Counted {}

  @Injectable({ scope: Scope.REQUEST })
  @Servicer(Hello)
  class InjectableAbove extends Counted {}

  @Servicer(Hello)
  @Controller({ scope: Scope.REQUEST })
  class ControllerBelow extends Counted {}

  @Controller({ scope: Scope.REQUEST })
  @Servicer(Hello)
  class ControllerAbove extends Counted {}

  @Servicer(Hello)
  class Requesting extends Counted {
    constructor(@Inject(REQUEST) host: { getContext(): ServicerContext }) {
      super();
      expect(host.getContext()).toBe(ServicerContext.current());
    }
  }

  it.each([InjectableBelow, InjectableAbove, ControllerBelow, ControllerAbove, Requesting])(
    'is what %o says: an instance for each call',
    async (servicer) => {
      made = 0;
      await using test = await startTestServer({ controllers: [servicer] });

      expect(await callPath(test.client, '/demo.Hello/Hello')).toEqual(['1']);
      expect(await callPath(test.client, '/demo.Hello/Hello')).toEqual(['2']);
    },
  );

  it('is one instance by default', async () => {
    @Servicer(Hello)
    class Single extends Counted {}

    made = 0;
    await using test = await startTestServer({ controllers: [Single] });

    expect(await callPath(test.client, '/demo.Hello/Hello')).toEqual(['1']);
    expect(await callPath(test.client, '/demo.Hello/Hello')).toEqual(['1']);
  });
});
