import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A certificate and its key, made for one run of a test. */
export interface Identity {
  readonly name: string;
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly privateKey: KeyObject;
}

/** Object identifiers, encoded. */
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');

const DAY_MS = 24 * 3_600_000;

/** DER: a tag, a length, and what it holds. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

/** In as few bytes as there may be. */
function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const octets = (...parts: readonly Uint8Array[]): Buffer => der(0x04, ...parts);
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));
const YES = der(0x01, Buffer.from([0xff]));

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
}

/** UTCTime: `YYMMDDhhmmssZ`. */
function instant(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

/** For `localhost` and 127.0.0.1; it may sign others. */
function extensions(): Buffer {
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
  const altNames = sequence(SUBJECT_ALTERNATIVE_NAME, octets(names));
  return der(0xa3, sequence(altNames, sequence(BASIC_CONSTRAINTS, YES, octets(sequence(YES)))));
}

function pem(label: string, bytes: Buffer): Buffer {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return Buffer.from([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'));
}

/** An X.509 certificate over a new key, signed by `issuer` or by itself: no key lies in the repository, and no tool is needed. */
export function createIdentity(name: string, issuer?: Identity): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const now = Date.now();
  const content = sequence(
    der(0xa0, integer(2)),
    integer(issuer === undefined ? 1 : 2),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(instant(now - DAY_MS), instant(now + DAY_MS)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(),
  );
  const signature = sign('sha256', content, issuer?.privateKey ?? privateKey);
  return {
    name,
    certificate: pem('CERTIFICATE', sequence(content, algorithm, bits(signature))),
    key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    privateKey,
  };
}
