import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GrpcServer } from 'nestjs-servicer';
import { AppModule } from './app.module.js';
import { readCommandLine, USAGE, type Flags } from './command-line.js';
import { StderrLogger } from './stderr-logger.js';

const CANNOT_SERVE = 1;
const BAD_USAGE = 2;

/** Serves until it is told to end, and the calls in flight have ended. */
async function serve(flags: Flags): Promise<void> {
  const app = await NestFactory.createMicroservice(AppModule.forRoot(flags), {
    ...GrpcServer.strategy(),
    logger: new StderrLogger(),
  });
  try {
    await app.listen();
    const server = app.get(GrpcServer);
    process.stdout.write(`Server listening at 'localhost:${server.ports[0]}'\n`);
    await server.awaitTermination();
  } finally {
    await app.close();
  }
}

const command = readCommandLine(process.argv.slice(2));
if (command.kind === 'refuse') {
  process.stderr.write(`${command.problem}\n`);
  process.exitCode = BAD_USAGE;
} else if (command.kind === 'help') {
  process.stdout.write(USAGE);
} else {
  await serve(command.flags).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = CANNOT_SERVE;
  });
}
