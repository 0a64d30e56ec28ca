import { ConsoleLogger } from '@nestjs/common';

type PrintMessages = Parameters<ConsoleLogger['printMessages']>;

/** Nest's logger on standard error, so that standard output says where the server listens and nothing else. */
export class StderrLogger extends ConsoleLogger {
  protected override printMessages(...[messages, context, logLevel, , errorStack]: PrintMessages): void {
    super.printMessages(messages, context, logLevel, 'stderr', errorStack);
  }
}
