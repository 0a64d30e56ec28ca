import type { LoggerService } from '@nestjs/common';
import { stackOf, textOf } from '../status/text-of.js';

/** A provider that wants to know when the server begins to serve. */
export interface OnServerServing {
  onServerServing(): unknown;
}

/** A provider that has something to do before the server refuses new calls; waited for within the grace period. */
export interface OnServerDraining {
  onServerDraining(): unknown;
}

/** A provider that wants to know when no call and no connection is left. */
export interface OnServerTerminated {
  onServerTerminated(): unknown;
}

/** A hook and whose it is, for the log. */
export interface Hook {
  readonly owner: string;
  readonly run: () => unknown;
}

/** Runs hooks side by side. What one throws is logged and keeps the others from nothing. */
export async function runHooks(hooks: readonly Hook[], logger: LoggerService): Promise<void> {
  await Promise.all(
    hooks.map(async ({ owner, run }) => {
      try {
        await run();
      } catch (error) {
        logger.error(`${owner} failed: ${textOf(error)}`, stackOf(error));
      }
    }),
  );
}
