// An application that leaves signals to Nest: `node lifecycle.js microservice` or `hybrid`.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GrpcServer } from 'nestjs-servicer';
import { lifecycleApplication } from '../../support/lifecycle-app.js';

const say = (line: string): void => console.log(line);
const App = lifecycleApplication(say, { shutdown: { graceMs: 60_000 } });
const logger = ['error', 'warn'] as const;

async function microservice(): Promise<GrpcServer> {
  const app = await NestFactory.createMicroservice(App, { ...GrpcServer.strategy(), logger: [...logger] });
  app.enableShutdownHooks(['SIGTERM']);
  process.once('SIGUSR2', () => void app.close());
  await app.listen();
  return app.get(GrpcServer);
}

async function hybrid(): Promise<GrpcServer> {
  const app = await NestFactory.create(App, { logger: [...logger] });
  const server = GrpcServer.connect(app);
  app.enableShutdownHooks(['SIGTERM']);
  process.once('SIGUSR2', () => void app.close());
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return server;
}

process.on('exit', (code) => say(`exits ${code}`));
const server = await (process.argv[2] === 'hybrid' ? hybrid() : microservice());
for (const state of ['draining', 'closing', 'terminated'] as const) server.on(state, () => say(state));
say(`port ${server.ports[0]}`);
