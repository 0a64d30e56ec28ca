// An application that is not an ES module: it requires the packed framework and its peers, serves, and answers calls.
// Run by `.ci/run` in a folder of its own, where the tarball is installed. Decorators are applied by hand: this is JavaScript.
'use strict';

require('reflect-metadata');
const assert = require('node:assert/strict');
const { credentials, makeGenericClientConstructor } = require('@grpc/grpc-js');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { RpcException } = require('@nestjs/microservices');
const { GrpcServer, GrpcServerModule, Servicer, StatusCode, StatusError, Unary } = require('nestjs-servicer');

const serialize = (message) => Buffer.from(message.text);
const deserialize = (bytes) => ({ text: bytes.toString() });
const Greeter = {
  hi: {
    path: '/servicer.consumer.v1.Greeter/Hi',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};

class GreeterServicer {
  hi({ text }) {
    if (text === '') throw new StatusError(StatusCode.INVALID_ARGUMENT, 'text is empty');
    return { text: `Hi, ${text}!` };
  }
}
Unary()(GreeterServicer.prototype, 'hi', Object.getOwnPropertyDescriptor(GreeterServicer.prototype, 'hi'));
Servicer(Greeter)(GreeterServicer);

class AppModule {}
Module({ imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })], controllers: [GreeterServicer] })(AppModule);

/** @returns the answer of one call to a server that is started for it */
async function call(text) {
  const app = await NestFactory.createMicroservice(AppModule, { ...GrpcServer.strategy(), logger: false });
  await app.listen();
  const Client = makeGenericClientConstructor(Greeter, 'Greeter');
  const client = new Client(`127.0.0.1:${app.get(GrpcServer).ports[0]}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.hi({ text }, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  } finally {
    client.close();
    await app.close();
  }
}

let passed = 0;
let failed = 0;

/** One promise to the user, counted. */
async function promise(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}`, error);
  }
}

async function main() {
  await promise('require() and import() give one module', async () => {
    assert.equal((await import('nestjs-servicer')).StatusError, StatusError);
  });
  await promise('an error of ours is an RpcException of theirs', () => {
    assert.ok(new StatusError(StatusCode.ABORTED) instanceof RpcException);
  });
  await promise('a call is answered', async () => {
    assert.deepEqual(await call('Ada'), { text: 'Hi, Ada!' });
  });
  await promise('a call is refused with a status', async () => {
    await assert.rejects(call(''), { code: StatusCode.INVALID_ARGUMENT, details: 'text is empty' });
  });
  console.log(`${process.version}, CommonJS`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
