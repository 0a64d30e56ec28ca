import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DeclarationError } from './declaration-error.js';

describe('DeclarationError', () => {
  it('lists its problems, and is printed with each of them once', () => {
    const error = new DeclarationError(['A.find: is wrong', 'B: is missing']);

    expect(error.message).toBe('2 problems in the gRPC declarations:\n  - A.find: is wrong\n  - B: is missing');
    expect(error.problems).toEqual(['A.find: is wrong', 'B: is missing']);
    expect(inspect(error).match(/A\.find/g)).toHaveLength(1);
  });

  it('counts one in the singular', () => {
    expect(new DeclarationError(['A.find: is wrong']).message).toMatch(/^1 problem in/);
  });
});
