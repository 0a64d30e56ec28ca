import { describe, expect, it } from 'vitest';
import { publicNames } from '../check/public-names.mjs';

describe('the public API', () => {
  // what is not on this list may change at any time; update it with `npx vitest run test/house/public-api.spec.ts -u`
  it('is these names', async () => {
    const subpaths = [...publicNames()].map(([specifier, names]) =>
      [`# ${specifier}`, ...names.map(({ name, kind }) => `${kind.padEnd(5)} ${name}`), ''].join('\n'),
    );
    await expect(subpaths.join('\n')).toMatchFileSnapshot('public-api.txt');
  });
});
