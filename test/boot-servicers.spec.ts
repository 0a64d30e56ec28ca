import { Controller, Injectable, type INestMicroservice } from '@nestjs/common';
import { EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { BidiStream, GrpcServer, OnCancel, ServerStream, Servicer, Unary, type FeatureServicer } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Kinds, Odd } from './gen/kinds_pb.js';
import { problemsOf, Serves } from './support/refusal.js';

/** A servicer without a problem, to stand beside one with. */
@Servicer(Odd, { partial: true })
class OddServicer {
  @Unary()
  name() {
    return {};
  }
}

@Servicer(Kinds, { partial: true })
class KindsServicer {
  @Unary()
  unary() {
    return {};
  }
}

const ODD_HANDLERS = Object.fromEntries(
  ['then$', 'constructor$', 'onModuleInit$', 'toString$', 'name'].map((name) => [name, () => ({})]),
);

describe('a method that cannot be a handler is a problem', () => {
  /** Boots a servicer of `Odd`, which may leave rpcs out. */
  const problemsOfOdd = (servicer: new () => object): Promise<readonly string[]> => {
    Serves(Odd, { partial: true })(servicer);
    return problemsOf({ controllers: [servicer] });
  };

  it('two methods for one rpc', async () => {
    class Twice {
      @Unary() name(): void {}
      @Unary(Odd.method.name) again(): object {
        return {};
      }
    }
    expect(await problemsOfOdd(Twice)).toEqual([
      'Twice.again: servicer.test.v1.Odd.Name is served by Twice.name already; remove one of the two',
    ]);
  });

  it('two decorators on one method', async () => {
    class Both {
      @Unary() @ServerStream() name(): void {}
    }
    expect(await problemsOfOdd(Both)).toContain(
      'Both.name: has @Unary() and @ServerStream(); a method serves one rpc, keep one of the two',
    );
  });

  it('one method for two rpcs', async () => {
    class ForTwo {
      @Unary(Odd.method.name) @Unary(Odd.method.then) name(): object {
        return {};
      }
    }
    expect(await problemsOfOdd(ForTwo)).toEqual([
      'ForTwo.name: has @Unary() and @Unary(); a method serves one rpc, keep one of the two',
    ]);
  });

  it('a static method', async () => {
    class Static {
      @Unary() static name$(): void {}
    }
    expect(await problemsOfOdd(Static)).toEqual([
      'Static.name$: has @Unary() and is static; a handler is a method of the instance',
    ]);
  });

  it('a property and an accessor', async () => {
    class NoMethods {
      declare name: () => void;
      get toString$(): () => void {
        throw new Error('decorating must not read it');
      }
    }
    for (const key of ['name', 'toString$'])
      (Unary() as (prototype: object, key: string) => void)(NoMethods.prototype, key);
    expect(await problemsOfOdd(NoMethods)).toEqual([
      'NoMethods.name: has @Unary() and is no method; write a method, not a property or an accessor',
      'NoMethods.toString$: has @Unary() and is no method; write a method, not a property or an accessor',
    ]);
  });

  it('a decorator that was given something else than a method', async () => {
    class Junk {
      @((Unary as (descriptor: unknown) => MethodDecorator)(Odd)) name(): void {}
    }
    expect(await problemsOfOdd(Junk)).toEqual([
      expect.stringMatching(/^Junk\.name: A method is one of .*; given: a protobuf-es descriptor/),
    ]);
  });

  it("a pattern of Nest's at the same method, which ours would replace", async () => {
    class Patterned {
      @Unary() @MessagePattern('name', Transport.TCP) name(): void {}
      @EventPattern('text') @Unary() toString$(_event: unknown): void {}
    }
    const replaced = "has a message pattern of Nest's too, which @Unary() replaces; remove the other decorator";
    expect(await problemsOfOdd(Patterned)).toEqual([`Patterned.name: ${replaced}`, `Patterned.toString$: ${replaced}`]);
  });

  it("another controller's pattern that is the path of an rpc", async () => {
    @Controller()
    class Thief {
      @MessagePattern('/servicer.test.v1.Odd/Name') take(): void {}
    }
    expect(await problemsOf({ controllers: [OddServicer, Thief] })).toEqual([
      'OddServicer.name: another handler has the pattern "/servicer.test.v1.Odd/Name"; remove its @MessagePattern',
    ]);
  });

  it('a method without a decorator that bears the name of an rpc', async () => {
    @Serves(Kinds)
    class Bare {
      @Unary() unary(): void {}
      @ServerStream() serve(): void {}
      @BidiStream() chat(): void {}
      collect(): void {}
    }
    expect(await problemsOf({ controllers: [Bare] })).toEqual([
      'Bare: servicer.test.v1.Kinds.Collect has no handler; put @ClientStream() on Bare.collect',
    ]);
  });
});

describe('a class that nothing would serve is a problem', () => {
  it('a subclass of a servicer without @Servicer of its own', async () => {
    class Heir extends OddServicer {}
    expect(await problemsOf({ controllers: [Heir] })).toEqual([
      'Heir.name: has @Unary(), but Heir has no @Servicer(…); put it on the class',
    ]);
  });

  it('a provider with decorated methods', async () => {
    @Injectable()
    class Helper {
      @Unary() name(): void {}
    }
    expect(await problemsOf({ controllers: [OddServicer], providers: [Helper] })).toEqual([
      'Helper.name: has @Unary(), but Helper has no @Servicer(…); put it on the class',
    ]);
  });

  it('@OnCancel on a class that is no servicer', async () => {
    @Injectable()
    class Helper {
      @OnCancel() gone(): void {}
    }
    expect(await problemsOf({ controllers: [OddServicer], providers: [Helper] })).toEqual([
      'Helper.gone: has @OnCancel(), but Helper has no @Servicer(…); put it on the class',
    ]);
  });

  it('nest C6 (differs: decision 1), a servicer that is a provider, under whatever token', async () => {
    @Injectable()
    @Servicer(Odd, { partial: true })
    class Hidden {
      @Unary() name() {
        return {};
      }
    }
    expect(await problemsOf({ providers: [{ provide: 'hidden', useClass: Hidden }] })).toEqual([
      'Hidden: is in the providers of TestModule, where nothing serves it; a servicer is a controller: move it to controllers',
    ]);
  });
});

describe('what a feature serves itself is checked like a servicer', () => {
  it.each<[what: string, servicer: object, problem: unknown]>([
    [
      'a handler of a misspelt name',
      { schema: Odd, handlers: { ...ODD_HANDLERS, nmae: () => ({}) } },
      'feature Extra: handlers.nmae is no rpc of servicer.test.v1.Odd. Did you mean "name"?',
    ],
    [
      'a schema that cannot be read',
      { schema: {}, handlers: {} },
      expect.stringMatching(/^feature Extra: A service is a protobuf-es service .*; given: an empty object$/),
    ],
  ])('%s', async (_what, servicer, problem) => {
    const feature = { name: 'Extra', servicers: () => [servicer as FeatureServicer] };
    const prepare = (app: INestMicroservice) => void app.get(GrpcServer).use(feature);

    expect(await problemsOf({ controllers: [KindsServicer], prepare })).toEqual([problem]);
  });
});

describe('design 9, options of @Servicer', () => {
  it.each([
    ['nothing', undefined, []],
    ['null', null, ['@Servicer takes its options as an object: { partial: true }']],
    ['true', true, ['@Servicer takes its options as an object: { partial: true }']],
    ['a misspelt name', { Partial: true }, ['@Servicer has no option "Partial". Did you mean "partial"?']],
    ['an unknown name', { grace: 1 }, ['@Servicer has no option "grace".']],
    ['a wrong value', { partial: 1 }, ['option "partial" of @Servicer takes true or false']],
  ])('%s', async (_what, options, problems) => {
    @Serves(Odd, options)
    class Optioned {
      @Unary() then$(): void {}
      @Unary() constructor$(): void {}
      @Unary() onModuleInit$(): void {}
      @Unary() toString$(): void {}
      @Unary() name(): void {}
    }
    // a service is served twice, so that there is a problem to wait for in any case
    const found = (await problemsOf({ controllers: [Optioned, OddServicer] })).filter(
      (problem) => !problem.startsWith('OddServicer: '),
    );
    expect(found).toEqual(problems.map((problem) => `Optioned: ${problem}`));
  });
});
