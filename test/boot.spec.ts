import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Controller, Injectable, Module, Scope } from '@nestjs/common';
import { EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { BidiStream, OnCancel, ServerStream, Servicer, Unary } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Kinds, Odd } from './gen/kinds_pb.js';
import { refusalOf, Serves } from './support/refusal.js';
import { startTestServer } from './support/test-server.js';

/** A servicer without a problem, to stand beside one with. */
@Servicer(Odd, { partial: true })
class OddServicer {
  @Unary()
  name() {
    return {};
  }
}

describe('nest C12 and issue 2 §3, an application with many mistakes', () => {
  @Serves(Kinds, { partail: true, partial: 'yes' })
  class Mistaken {
    @Unary() unray(): void {}
    @Unary() serve(): void {}
    @BidiStream() chat(_requests: unknown, _context: unknown, _more: unknown): void {}
    @Unary(Odd.method.name) named(): object {
      return {};
    }
    @OnCancel('chta') gone(): void {}
  }

  @Serves('kinds.proto')
  class Unreadable {
    @Unary() unary(): void {}
  }

  @Injectable()
  @Servicer(Odd, { partial: true })
  class Misplaced {
    @Unary() toString$(): object {
      return {};
    }
  }

  @Controller()
  class Undecorated {
    @ServerStream() serve(): void {}
  }

  @Injectable({ scope: Scope.REQUEST })
  @Servicer(Odd, { partial: true })
  class Scoped {
    @Unary() name(): object {
      return {};
    }
    @OnCancel() gone(): void {}
  }

  @Module({ controllers: [OddServicer] })
  class OtherModule {}

  it('is refused once, with class, method, nearest name and fix of all of them', async () => {
    const refusal = await refusalOf(
      startTestServer({
        controllers: [Mistaken, Unreadable, Undecorated, OddServicer, Scoped],
        providers: [Misplaced],
        imports: [OtherModule],
        options: { lisen: 1, shutdown: { grace: 1 }, maxWorkers: 0 } as object,
      }),
    );

    expect(refusal.message).toBe(
      [
        '17 problems in the gRPC declarations:',
        '  - GrpcServerModule: there is no option "lisen". Did you mean "listen"?',
        '  - GrpcServerModule: there is no option "shutdown.grace": times are in ms and say so. Write "graceMs"',
        '  - GrpcServerModule: option "maxWorkers" takes a whole number from 1',
        '  - Mistaken: @Servicer has no option "partail". Did you mean "partial"?',
        '  - Mistaken: option "partial" of @Servicer takes true or false',
        '  - Mistaken.unray: servicer.test.v1.Kinds has no rpc of that name. Did you mean "unary"?',
        '  - Mistaken.serve: servicer.test.v1.Kinds.Serve is server-streaming; use @ServerStream() instead of @Unary()',
        "  - Mistaken.chat: parameter 3 has no source; give it a parameter decorator, such as @InvocationMetadata('key'), or remove it",
        '  - Mistaken.named: its decorator names /servicer.test.v1.Odd/Name, which is no rpc of servicer.test.v1.Kinds; use a descriptor of that service',
        '  - Mistaken: servicer.test.v1.Kinds.Collect has no handler; add @ClientStream() collect(…), or say @Servicer(…, { partial: true })',
        '  - Mistaken.gone: @OnCancel names "chta", which is no handler of the class. Did you mean "chat"?',
        '  - Unreadable: A service is a protobuf-es service (DescService), a grpc-js service definition (ts-proto, grpc-tools), or one that loadSchemas() read; given: "kinds.proto" (a .proto file is read by loadSchemas)',
        '  - Undecorated.serve: has @ServerStream(), but Undecorated has no @Servicer(…); put it on the class',
        '  - Scoped.gone: @OnCancel does not work on a request-scoped class, whose instance is gone by then; use context.addCallback() in the handler',
        '  - Misplaced: is in the providers of TestModule, where nothing serves it; a servicer is a controller: move it to controllers',
        '  - Scoped: servicer.test.v1.Odd is served by OddServicer already; one servicer serves a service, so merge the two or remove one',
        '  - OddServicer: is in the controllers of both TestModule and OtherModule; list it once',
      ].join('\n'),
    );
  });

  it('keeps its process from starting: it ends by itself, with an exit code and the text', () => {
    const program = fileURLToPath(new URL('fixtures/boot/refused.mjs', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 30_000 });

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(
      [
        'DeclarationError: 1 problem in the gRPC declarations:',
        '  - FinderServicer.fnid: demo.Finder has no rpc of that name. Did you mean "find"?',
      ].join('\n'),
    );
    expect(stderr.match(/FinderServicer\.fnid/g)).toHaveLength(1);
  });
});

describe('what can be served and is likely not meant is a warning', () => {
  it('none, for an application as it should be', async () => {
    await using test = await startTestServer({ controllers: [OddServicer] });
    expect(test.logger.messages('warn')).toEqual([]);
  });

  it('no servicer at all', async () => {
    await using test = await startTestServer({});
    expect(test.logger.messages('warn')).toEqual([
      'No module has a class with @Servicer in its controllers: there is nothing to serve',
    ]);
  });

  it('handlers that name no transport, which Nest offers to gRPC too', async () => {
    @Controller()
    class Listener {
      @MessagePattern({ cmd: 'sum' }) sum(): void {}
      @EventPattern('created') created(_event: unknown): void {}
      @MessagePattern('elsewhere', Transport.TCP) elsewhere(): void {}
    }
    await using test = await startTestServer({ controllers: [OddServicer, Listener] });
    expect(test.logger.messages('warn')).toEqual([
      `@MessagePattern('{"cmd":"sum"}') names no transport and gRPC cannot serve it; name the one that does, as in @MessagePattern('{"cmd":"sum"}', Transport.TCP)`,
      `@EventPattern('created') names no transport and gRPC cannot serve it; name the one that does, as in @EventPattern('created', Transport.TCP)`,
    ]);
  });
});

describe('@Servicer(…, { partial: true })', () => {
  it('answers UNIMPLEMENTED for the rpcs without a method', async () => {
    @Servicer(Kinds, { partial: true })
    class Partial {
      @Unary() async unary() {
        return { text: 'here' };
      }
    }
    await using test = await startTestServer({ controllers: [Partial] });

    expect(await test.client.unary().responses).toMatchObject([{ text: 'here' }]);
    expect(await test.client.serve().ended).toMatchObject({ code: 12 });
    expect(await test.client.collect().ended).toMatchObject({ code: 12 });
    expect(await test.client.chat().ended).toMatchObject({ code: 12 });
  });
});
