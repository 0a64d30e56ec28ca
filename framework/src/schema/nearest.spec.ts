import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.js';

describe('nearest', () => {
  it.each([
    ['a missing letter', 'sayHelo', ['sayHello', 'listHellos'], 'sayHello'],
    ['a letter too many', 'finnd', ['findRange', 'find'], 'find'],
    ['swapped letters', 'fnid', ['find', 'send'], 'find'],
    ['another case', 'FINDRANGE', ['find', 'findRange'], 'findRange'],
    ['the word itself', 'find', ['fine', 'find'], 'find'],
    ['the first of two equally near', 'fins', ['find', 'fine'], 'find'],
    ['no candidates', 'find', [], undefined],
    ['nothing near', 'find', ['upload', 'chat'], undefined],
    ['words too short to judge', 'a', ['b'], undefined],
    ['an empty word', '', ['find'], undefined],
  ])('of %s', (_case, word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  it('takes any iterable', () => {
    expect(nearest('fnd', new Set(['find']))).toBe('find');
  });
});

describe('didYouMean', () => {
  it('asks', () => expect(didYouMean('fnd', ['find'])).toBe(' Did you mean "find"?'));
  it('says nothing when no candidate is near', () => expect(didYouMean('fnd', ['upload'])).toBe(''));
});
