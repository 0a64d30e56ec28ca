import { describe, expect, it } from 'vitest';
import { InvalidMetadataError, Metadata, type MetadataInit } from './metadata.js';

const bytes = Buffer.from([0, 255]);

describe('Metadata', () => {
  it.each<[what: string, init: MetadataInit]>([
    [
      'pairs',
      [
        ['A', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    ['a record, of one value or several', { A: ['1', '3'], b: '2' }],
    [
      'metadata',
      new Metadata([
        ['a', '1'],
        ['a', '3'],
        ['b', '2'],
      ]),
    ],
    ['a Map', new Map([['b', '2']]).set('A', '1')],
  ])('is made from %s', (_what, init) => {
    const metadata = new Metadata(init);
    expect(metadata.get('a')).toBe('1');
    expect(metadata.get('B')).toBe('2');
  });

  it('keeps every value of a key, in order, whatever its case', () => {
    const metadata = new Metadata([
      ['Key', '1'],
      ['other', 'x'],
      ['KEY', '2'],
    ]);
    expect(metadata.getAll('key')).toEqual(['1', '2']);
    expect([...metadata]).toEqual([
      ['key', '1'],
      ['other', 'x'],
      ['key', '2'],
    ]);
    expect([...metadata.keys()]).toEqual(['key', 'other']);
    expect([...metadata.values()]).toEqual(['1', 'x', '2']);
    expect(Object.fromEntries(metadata)).toEqual({ key: '2', other: 'x' });
    expect(metadata.size).toBe(3);
  });

  it('adds, sets and deletes', () => {
    const metadata = new Metadata({ a: ['1', '2'] }).add('A', '3');
    expect(metadata.getAll('a')).toEqual(['1', '2', '3']);
    expect([metadata.delete('a'), metadata.getAll('a')]).toEqual([true, ['2', '3']]);
    expect(metadata.set('a', '4').getAll('a')).toEqual(['4']);
    expect(metadata.setAll('a', ['5', '6']).getAll('a')).toEqual(['5', '6']);
    expect([metadata.deleteAll('a'), metadata.deleteAll('a'), metadata.delete('a')]).toEqual([true, false, false]);
    expect([metadata.has('a'), metadata.get('a'), metadata.size]).toEqual([false, undefined, 0]);
  });

  it('keeps bytes under keys that end in -bin, and prints them as base64', () => {
    const metadata = new Metadata({ 'raw-bin': bytes, text: 'a' });
    expect(metadata.get('raw-bin')).toBe(bytes);
    expect(JSON.stringify(metadata)).toBe('{"raw-bin":["AP8="],"text":["a"]}');
  });

  it.each<[key: unknown, value: unknown, message: string]>([
    ['no space', 'a', '"no space" is not a metadata key: use letters, digits, "_", "-" and "."'],
    ['', 'a', '"" is not a metadata key'],
    [':path', 'a', '":path" is not a metadata key'],
    [5, 'a', 'A metadata key must be a string, not number'],
    ['grpc-status', '0', '"grpc-status" is not a metadata key: the transport sets it itself'],
    ['Content-Type', 'a', '"content-type" is not a metadata key: the transport sets it itself'],
    ['a', bytes, 'Metadata "a" takes a string, not object; bytes need a key that ends in "-bin"'],
    ['a', 'ü', 'Metadata "a" takes printable ASCII; send other text as bytes under "a-bin"'],
    ['a', 'a\nb', 'Metadata "a" takes printable ASCII'],
    ['a-bin', 'text', 'Metadata "a-bin" ends in "-bin" and takes a Uint8Array, not string'],
  ])('refuses %o with %o, whole', (key, value, message) => {
    const metadata = new Metadata({ kept: '1' });
    for (const change of ['add', 'set'] as const) {
      expect(() => metadata[change](key as string, value as string)).toThrow(InvalidMetadataError);
      expect(() => metadata[change](key as string, value as string)).toThrow(message);
    }
    expect(() => metadata.setAll('kept', ['2', 'ü'])).toThrow(InvalidMetadataError);
    expect([...metadata]).toEqual([['kept', '1']]);
  });

  it('is compared and copied by its pairs', () => {
    const metadata = new Metadata([
      ['a', '1'],
      ['b-bin', bytes],
    ]);
    const copy = metadata.clone().add('c', '3');
    expect([...metadata.keys()]).toEqual(['a', 'b-bin']);
    expect(copy.delete('c') && copy.equals(metadata)).toBe(true);
    expect(metadata.equals({ a: '1', 'b-bin': Uint8Array.from(bytes) })).toBe(true);
    expect(metadata.equals({ 'b-bin': bytes, a: '1' })).toBe(false);
    expect(metadata.equals({ a: '1' })).toBe(false);
    expect(metadata.equals({ a: '1', 'b-bin': Buffer.from([1]) })).toBe(false);
  });

  it('that came from the peer can be read and cloned, and not changed', () => {
    const received = Metadata.received([['a', 'ü']]);
    expect(received.get('a')).toBe('ü');
    for (const change of [
      () => received.add('b', '1'),
      () => received.set('a', '1'),
      () => received.delete('a'),
      () => received.deleteAll('a'),
    ]) {
      expect(change).toThrow('This metadata came from the peer and is read-only; clone() it to change it');
    }
    expect(received.clone().set('a', '1').get('a')).toBe('1');
  });

  it('is passed on as it is by from()', () => {
    const metadata = new Metadata();
    expect(Metadata.from(metadata)).toBe(metadata);
    expect(Metadata.from({ a: '1' }).get('a')).toBe('1');
    expect(Metadata.from(undefined).size).toBe(0);
  });
});
