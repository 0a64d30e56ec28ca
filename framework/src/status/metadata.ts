/** A value on the wire: text, or bytes where the key ends in `-bin`. */
export type MetadataValue = string | Uint8Array;

/** What metadata can be made from: pairs, a record of one or more values a key, or metadata. */
export type MetadataInit =
  | Iterable<readonly [key: string, value: MetadataValue]>
  | Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>;

/** Thrown for a key or a value that cannot travel as metadata. */
export class InvalidMetadataError extends TypeError {
  override readonly name = 'InvalidMetadataError';
}

const KEY = /^[0-9a-z_.-]+$/;
const TEXT = /^[\x20-\x7e]*$/;

/** Names that HTTP/2 or gRPC itself gives a meaning: sent as metadata they would break the call, or say how it ended. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-message',
  'grpc-status',
  'grpc-timeout',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The key/value pairs that travel with a call: a multimap that keeps order and duplicates.
 *
 * Keys are case-insensitive and kept in lower case. A key that ends in `-bin` holds bytes; any other holds printable
 * ASCII. Iterating gives pairs, so that `new Map(metadata)` and `Object.fromEntries(metadata)` work.
 *
 * @see gRPC over HTTP/2, "Custom-Metadata"
 */
export class Metadata implements Iterable<[key: string, value: MetadataValue]> {
  readonly #entries: [string, MetadataValue][] = [];
  #frozen = false;

  /** @throws {InvalidMetadataError} for a key or a value that cannot travel */
  constructor(init?: MetadataInit) {
    if (init === undefined) return;
    if (isPairs(init)) for (const [key, value] of init) this.add(key, value);
    else for (const [key, values] of Object.entries(init)) for (const value of listOf(values)) this.add(key, value);
  }

  /** Metadata made from anything that metadata can be made from; metadata itself is returned as it is. */
  static from(init: MetadataInit | undefined): Metadata {
    return init instanceof Metadata ? init : new Metadata(init);
  }

  /** How many values there are, over all keys. */
  get size(): number {
    return this.#entries.length;
  }

  /** The first value of a key. */
  get(key: string): MetadataValue | undefined {
    const wanted = key.toLowerCase();
    return this.#entries.find(([k]) => k === wanted)?.[1];
  }

  /** Every value of a key, in order. */
  getAll(key: string): MetadataValue[] {
    const wanted = key.toLowerCase();
    return this.#entries.filter(([k]) => k === wanted).map(([, value]) => value);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Adds a value after those that the key has. @throws {InvalidMetadataError} */
  add(key: string, value: MetadataValue): this {
    const name = this.#writable(key);
    this.#entries.push([name, checkedValue(name, value)]);
    return this;
  }

  /** Replaces every value of a key by one. @throws {InvalidMetadataError} */
  set(key: string, value: MetadataValue): this {
    return this.setAll(key, [value]);
  }

  /** Replaces every value of a key. @throws {InvalidMetadataError} */
  setAll(key: string, values: readonly MetadataValue[]): this {
    const name = this.#writable(key);
    const checked = values.map((value): [string, MetadataValue] => [name, checkedValue(name, value)]);
    this.deleteAll(name);
    this.#entries.push(...checked);
    return this;
  }

  /** Removes the first value of a key; says whether there was one. */
  delete(key: string): boolean {
    const name = this.#writable(key);
    const at = this.#entries.findIndex(([k]) => k === name);
    if (at >= 0) this.#entries.splice(at, 1);
    return at >= 0;
  }

  /** Removes every value of a key; says whether there was one. */
  deleteAll(key: string): boolean {
    const name = this.#writable(key);
    const kept = this.#entries.filter(([k]) => k !== name);
    const removed = kept.length < this.#entries.length;
    if (removed) this.#entries.splice(0, Infinity, ...kept);
    return removed;
  }

  /** The distinct keys, in the order of their first values. */
  keys(): IterableIterator<string> {
    return new Set(this.#entries.map(([key]) => key)).values();
  }

  /** Every value, in order. */
  values(): IterableIterator<MetadataValue> {
    return this.#entries.map(([, value]) => value).values();
  }

  /** Every pair, in order. */
  entries(): IterableIterator<[key: string, value: MetadataValue]> {
    return this.#entries.map(([key, value]): [string, MetadataValue] => [key, value]).values();
  }

  [Symbol.iterator](): IterableIterator<[key: string, value: MetadataValue]> {
    return this.entries();
  }

  /**
   * @internal Its pairs, checked: what came from a peer was taken as it was.
   * @throws {InvalidMetadataError} for a key or a value that cannot travel
   */
  checked(): readonly (readonly [key: string, value: MetadataValue])[] {
    return this.#frozen
      ? this.#entries.map(([key, value]) => [checkedKey(key), checkedValue(key, value)] as const)
      : this.#entries;
  }

  /** A copy that can be written to. */
  clone(): Metadata {
    const copy = new Metadata();
    copy.#entries.push(...this.#entries);
    return copy;
  }

  /** Whether both hold the same pairs in the same order. */
  equals(other: MetadataInit): boolean {
    const theirs = [...Metadata.from(other)];
    return (
      theirs.length === this.size &&
      this.#entries.every(([key, value], i) => key === theirs[i]?.[0] && same(value, theirs[i][1]))
    );
  }

  /** The values by key, for logs and tests; bytes as base64. */
  toJSON(): Record<string, string[]> {
    const text = (value: MetadataValue): string =>
      typeof value === 'string' ? value : Buffer.from(value).toString('base64');
    return Object.fromEntries([...this.keys()].map((key) => [key, this.getAll(key).map(text)]));
  }

  /**
   * @internal What came from the peer: taken as it is, and read-only, because the parts of a call share it.
   */
  static received(pairs: [key: string, value: MetadataValue][]): Metadata {
    const metadata = new Metadata();
    metadata.#entries.push(...pairs);
    metadata.#frozen = true;
    return metadata;
  }

  #writable(key: string): string {
    if (this.#frozen) throw new TypeError('This metadata came from the peer and is read-only; clone() it to change it');
    return checkedKey(key);
  }
}

function isPairs(init: MetadataInit): init is Iterable<readonly [string, MetadataValue]> {
  return Symbol.iterator in init;
}

function listOf(values: MetadataValue | readonly MetadataValue[]): readonly MetadataValue[] {
  return typeof values === 'string' || values instanceof Uint8Array ? [values] : values;
}

function checkedKey(key: unknown): string {
  if (typeof key !== 'string') throw new InvalidMetadataError(`A metadata key must be a string, not ${typeof key}`);
  const name = key.toLowerCase();
  if (!KEY.test(name))
    throw new InvalidMetadataError(`"${key}" is not a metadata key: use letters, digits, "_", "-" and "."`);
  if (RESERVED_KEYS.has(name))
    throw new InvalidMetadataError(`"${name}" is not a metadata key: the transport sets it itself`);
  return name;
}

function checkedValue(key: string, value: unknown): MetadataValue {
  if (key.endsWith('-bin')) {
    if (value instanceof Uint8Array) return value;
    throw new InvalidMetadataError(`Metadata "${key}" ends in "-bin" and takes a Uint8Array, not ${typeof value}`);
  }
  if (typeof value !== 'string')
    throw new InvalidMetadataError(
      `Metadata "${key}" takes a string, not ${typeof value}; bytes need a key that ends in "-bin"`,
    );
  if (!TEXT.test(value))
    throw new InvalidMetadataError(
      `Metadata "${key}" takes printable ASCII; send other text as bytes under "${key}-bin"`,
    );
  return value;
}

function same(a: MetadataValue, b: MetadataValue): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : Buffer.compare(a, b) === 0;
}
