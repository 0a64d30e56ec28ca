import type { LoggerService } from '@nestjs/common';

/** A log line as Nest's logger is given it. */
export interface LogLine {
  readonly level: 'log' | 'error' | 'warn';
  readonly message: string;
  /** Everything that came with it: stacks, and last the name of who logs. */
  readonly rest: readonly unknown[];
}

/** Keeps what the application logs, so that a test can say what must and must not be there. */
export class TestLogger implements LoggerService {
  readonly lines: LogLine[] = [];

  log(message: unknown, ...rest: unknown[]): void {
    this.#keep('log', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#keep('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#keep('warn', message, rest);
  }

  messages(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  #keep(level: LogLine['level'], message: unknown, rest: readonly unknown[]): void {
    this.lines.push({ level, message: message instanceof Error ? message.message : String(message), rest });
  }
}
