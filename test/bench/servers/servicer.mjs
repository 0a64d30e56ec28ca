// The framework as its users write it: a servicer in a Nest application. Plain JavaScript, so decorators are called.
import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcServer, GrpcServerModule, Servicer, ServerStream, Unary } from 'nestjs-servicer';
import { HashFinder, reportTo, RESPONSE } from '../service.mjs';

let aborted = () => undefined;

class BenchServicer {
  async find() {
    return RESPONSE;
  }

  async *findRange(request, context) {
    // a negative count is a call that ends by being cancelled
    if (request.interestingHammingDistance < 0) {
      context.signal.addEventListener('abort', () => aborted(performance.timeOrigin + performance.now()));
      yield RESPONSE;
      await new Promise((resolve) => context.addCallback(resolve));
    }
    for (let sent = 0; sent < request.interestingHammingDistance; sent++) yield RESPONSE;
  }
}

const decorate = (decorator, name) =>
  decorator(BenchServicer.prototype, name, Object.getOwnPropertyDescriptor(BenchServicer.prototype, name));
decorate(Unary(), 'find');
decorate(ServerStream(), 'findRange');
Servicer(HashFinder)(BenchServicer);

class BenchModule {}
Module({ imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })], controllers: [BenchServicer] })(BenchModule);

Logger.overrideLogger(['error', 'warn']);
const app = await NestFactory.createMicroservice(BenchModule, GrpcServer.strategy());
await app.listen();
aborted = (at) => process.send({ abortedAt: at });
reportTo(process, app.get(GrpcServer).ports[0]);
