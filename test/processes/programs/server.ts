// A microservice on its own: `node server.js '{"shutdown": …, "wait": …}'`. It says what happens, a line each.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GrpcServer, type ShutdownOptions } from 'nestjs-servicer';
import { lifecycleApplication } from '../../support/lifecycle-app.js';

interface Arguments {
  readonly shutdown: ShutdownOptions;
}

const { shutdown } = JSON.parse(process.argv[2] ?? '') as Arguments;
const say = (line: string): void => console.log(line);

const App = lifecycleApplication(say, { shutdown });
const app = await NestFactory.createMicroservice(App, { ...GrpcServer.strategy(), logger: ['error', 'warn'] });
const server = app.get(GrpcServer);
for (const state of ['serving', 'draining', 'closing', 'terminated'] as const) app.on(state, () => say(state));
process.on('exit', (code) => say(`exits ${code}`));
await app.listen();
say(`port ${server.ports[0]}`);
say(`awaitTermination resolves ${await server.awaitTermination()}`);
