// A process in which nothing is left but a wait, for a server that never listens: `node waiting.js awaitTermination`.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GrpcServer } from 'nestjs-servicer';
import { lifecycleApplication } from '../../support/lifecycle-app.js';

const say = (line: string): void => console.log(line);
const app = await NestFactory.createMicroservice(
  lifecycleApplication(() => undefined),
  { ...GrpcServer.strategy(), logger: false },
);
const server = app.get(GrpcServer);
process.once('SIGUSR2', () => void server.stop());
// keeps nothing alive itself: it fires only where something else does
setTimeout(() => say('is alive'), 50).unref();
say('waits');
const waits: Record<string, () => Promise<unknown>> = {
  awaitTermination: () => server.awaitTermination(),
  timeout: () => server.awaitTermination({ timeoutMs: 100 }),
  terminated: () => server.terminated,
};
say(`resolves ${String(await waits[process.argv[2] ?? '']?.())}`);
