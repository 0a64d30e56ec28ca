import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { warnIfUnbound } from './unbound-warning.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

it.each([
  [true, 1],
  [false, 0],
])('an application that is up and unbound (%s) is warned %i times', (unbound, times) => {
  const logger = { log: vi.fn(), error: vi.fn(), warn: vi.fn() };
  warnIfUnbound(() => unbound, logger);
  expect(logger.warn).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(logger.warn).toHaveBeenCalledTimes(times);
  if (unbound) expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('GrpcServer.strategy()'));
});
