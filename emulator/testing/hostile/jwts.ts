// JWTs of attestations that say one thing and are another (RFC 7515, RFC 8725).
import { createHmac, sign } from 'node:crypto'
import {
  type Attestation,
  EC_KEY,
  ec,
  goodByEc,
  type HostileRow,
  otherDigest,
  PKCS1_KEY,
  PSS,
  PSS_KEY,
  payloadOf,
  pemOf,
  rsa,
  stranger,
} from './row.ts'

export type Header = Record<string, unknown>

const encoded = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const es256 = (data: Buffer) => sign('sha256', data, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
const ps256 = (data: Buffer) => sign('sha256', data, { key: rsa.privateKey, ...PSS })
const rs256 = (data: Buffer) => sign('sha256', data, rsa.privateKey)

const HEADER: Header = { typ: 'JWT', alg: 'ES256', kid: 'urn:ec' }

/** The claims of Kritis. */
const claimsOf = (digest: string, more: Header = {}): Header => ({
  sub: `container:digest:${digest}`,
  aud: '//binaryauthorization.googleapis.com',
  attestationType: 'claimless',
  ...more,
})

/** A JWT by default of `ec`, over texts or objects. */
function jwtOf(payload: unknown, header: unknown = HEADER, signer: (data: Buffer) => Buffer = es256): string {
  const signed = `${encoded(header)}.${encoded(payload)}`
  return `${signed}.${signer(Buffer.from(signed)).toString('base64url')}`
}

const attestedBy = (...compacts: string[]): Attestation => ({ jwts: compacts.map((compactJwt) => ({ compactJwt })) })

const good = (digest: string) => attestedBy(jwtOf(claimsOf(digest)))
const goodDocument = (digest: string) => attestedBy(jwtOf(JSON.parse(payloadOf(digest).toString())))

/** Seconds since the epoch of the test clock's start. */
const NOW = Date.parse('2026-01-02T03:04:05Z') / 1000

const parts = (digest: string) => jwtOf(claimsOf(digest)).split('.') as [string, string, string]

/** The same bytes in a base64url text whose last character has bits too many: two more digits for the last two bits of 64 bytes. */
function otherSpelling(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.at(-1)!) + 1]
}

const hmac = (secret: string) => (data: Buffer) => createHmac('sha256', secret).update(data).digest()
const byStranger = (data: Buffer) => sign('sha256', data, { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' })

/** A header of the given members over good claims. */
const withHeader =
  (more: Header, signer = es256) =>
  (digest: string) =>
    jwtOf(claimsOf(digest), { ...HEADER, ...more }, signer)

const HEADERS: [name: string, code: string, compact: (digest: string) => string, why?: RegExp][] = [
  ['alg none', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'none' })],
  ['alg none without signature', 'JWT_MALFORMED', withHeader({ alg: 'none' }, () => Buffer.alloc(0)), /three parts/],
  ['alg NoNe', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'NoNe' })],
  ['HMAC with the public key as secret', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'HS256' }, hmac(pemOf(ec)))],
  ['HMAC said to be ES256', 'SIGNATURE_INVALID', withHeader({}, hmac(pemOf(ec)))],
  ['ES384 of a P-256 key', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'ES384' })],
  ['alg in lower case', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'es256' })],
  ['no alg', 'JWT_MALFORMED', withHeader({ alg: undefined }), /no string "alg"/],
  ['RS256 under a PSS key', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'RS256', kid: 'urn:pss' }, rs256)],
  ['PS256 under a PKCS #1 key', 'JWT_ALGORITHM_MISMATCH', withHeader({ alg: 'PS256', kid: 'urn:pkcs1' }, ps256)],
  ['an RS256 signature said to be PS256', 'SIGNATURE_INVALID', withHeader({ alg: 'PS256', kid: 'urn:pss' }, rs256)],
  ['no typ', 'JWT_MALFORMED', withHeader({ typ: undefined }), /typ/],
  ['another typ', 'JWT_MALFORMED', withHeader({ typ: 'at+jwt' }), /typ/],
  ['crit', 'JWT_MALFORMED', withHeader({ crit: ['exp'] }), /"crit"/],
  ['an empty crit', 'JWT_MALFORMED', withHeader({ crit: [] }), /"crit"/],
  ['b64', 'JWT_MALFORMED', withHeader({ b64: true }), /"b64"/],
  ['no kid', 'KEY_ID_MISSING', withHeader({ kid: undefined })],
  ['a kid that is a list', 'JWT_MALFORMED', withHeader({ kid: ['urn:ec'] }), /kid/],
  ['an unknown kid', 'KEY_NOT_FOUND', withHeader({ kid: 'urn:other' }), /good with its key "urn:ec"/],
  ["a stranger's signature under the kid of a key", 'SIGNATURE_INVALID', withHeader({}, byStranger)],
  [
    "a stranger's key in the header",
    'SIGNATURE_INVALID',
    withHeader({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, byStranger),
  ],
  [
    'addresses of keys in the header',
    'SIGNATURE_INVALID',
    withHeader({ jku: 'http://127.0.0.1/jwks', x5u: 'http://127.0.0.1/x' }, byStranger),
  ],
  [
    'alg twice in the header',
    'JWT_MALFORMED',
    (digest) => jwtOf(claimsOf(digest), '{"typ":"JWT","alg":"none","alg":"ES256","kid":"urn:ec"}'),
    /twice/,
  ],
  ['a header that is a list', 'JWT_MALFORMED', (digest) => jwtOf(claimsOf(digest), [HEADER]), /JSON object/],
  ['a header that is no JSON', 'JWT_MALFORMED', (digest) => jwtOf(claimsOf(digest), 'JWT'), /not valid JSON/],
]

const FORMS: typeof HEADERS = [
  ['two parts', 'JWT_MALFORMED', (digest) => parts(digest).slice(0, 2).join('.'), /three parts/],
  ['four parts', 'JWT_MALFORMED', (digest) => `${jwtOf(claimsOf(digest))}.e30`, /three parts/],
  ['an empty text', 'JWT_MALFORMED', () => '', /three parts/],
  ['padding', 'JWT_MALFORMED', (digest) => `${jwtOf(claimsOf(digest))}==`, /three parts/],
  ['a newline', 'JWT_MALFORMED', (digest) => `${jwtOf(claimsOf(digest))}\n`, /three parts/],
  [
    'another spelling of the signature',
    'JWT_MALFORMED',
    (digest) => {
      const [header, payload, signature] = parts(digest)
      return [header, payload, otherSpelling(signature)].join('.')
    },
    /three parts/,
  ],
  ['the JSON form of a JWS', 'JWT_MALFORMED', (digest) => JSON.stringify({ payload: parts(digest)[1] }), /three parts/],
  ['an ECDSA signature in DER', 'SIGNATURE_INVALID', withHeader({}, (data) => sign('sha256', data, ec.privateKey)), /DER/],
  ['r and s of 0', 'SIGNATURE_INVALID', withHeader({}, () => Buffer.alloc(64))],
  ['a zero behind r and s', 'SIGNATURE_INVALID', withHeader({}, (data) => Buffer.concat([es256(data), Buffer.of(0)]))],
  [
    'r and s a byte longer each',
    'SIGNATURE_INVALID',
    withHeader({}, (data) => {
      const raw = es256(data)
      return Buffer.concat([Buffer.of(0), raw.subarray(0, 32), Buffer.of(0), raw.subarray(32)])
    }),
  ],
  [
    'the payload of another',
    'SIGNATURE_INVALID',
    (digest) => {
      const [header, , signature] = parts(otherDigest(digest))
      return [header, parts(digest)[1], signature].join('.')
    },
  ],
  ['signed without the dot', 'SIGNATURE_INVALID', withHeader({}, (data) => es256(Buffer.from(data.toString().replace('.', ''))))],
  ['more than 128 KiB', 'JWT_MALFORMED', (digest) => jwtOf(claimsOf(digest, { a: 'a'.repeat(131_072) })), /longer than/],
]

const CLAIMS: typeof HEADERS = [
  ['another digest', 'PAYLOAD_DIGEST_MISMATCH', (digest) => jwtOf(claimsOf(otherDigest(digest)))],
  ['a sub without its prefix', 'PAYLOAD_INVALID', (digest) => jwtOf(claimsOf(digest, { sub: digest })), /sub/],
  [
    'a sub that is a list',
    'PAYLOAD_INVALID',
    (digest) => jwtOf(claimsOf(digest, { sub: [`container:digest:${digest}`] })),
    /sub/,
  ],
  ['another audience', 'PAYLOAD_INVALID', (digest) => jwtOf(claimsOf(digest, { aud: '//container.googleapis.com' })), /aud/],
  ['no audience', 'PAYLOAD_INVALID', (digest) => jwtOf(claimsOf(digest, { aud: undefined })), /aud/],
  [
    'another kind of claim',
    'PAYLOAD_INVALID',
    (digest) => jwtOf(claimsOf(digest, { attestationType: 'slsa' })),
    /attestationType/,
  ],
  [
    'sub twice',
    'PAYLOAD_INVALID',
    (digest) => jwtOf(JSON.stringify(claimsOf(digest)).replace('{', `{"sub":"container:digest:${otherDigest(digest)}",`)),
    /twice/,
  ],
  [
    'both forms of payload',
    'PAYLOAD_INVALID',
    (digest) => jwtOf({ ...JSON.parse(payloadOf(otherDigest(digest)).toString()), ...claimsOf(digest) }),
    /both/,
  ],
  ['a payload that is no JSON', 'PAYLOAD_INVALID', (digest) => jwtOf(`container:digest:${digest}`), /not valid JSON/],
  ['a payload that is a list', 'PAYLOAD_INVALID', (digest) => jwtOf([claimsOf(digest)]), /JSON object/],
  ['an exp that has passed', 'JWT_EXPIRED', (digest) => jwtOf(claimsOf(digest, { exp: NOW }))],
  ['an exp that is a text', 'PAYLOAD_INVALID', (digest) => jwtOf(claimsOf(digest, { exp: '9999999999' })), /exp/],
  ['an exp that is null', 'PAYLOAD_INVALID', (digest) => jwtOf(claimsOf(digest, { exp: null })), /exp/],
  ['an nbf that lies ahead', 'JWT_NOT_VALID_YET', (digest) => jwtOf(claimsOf(digest, { nbf: NOW + 86_400 }))],
]

const keys = [EC_KEY, PSS_KEY, PKCS1_KEY]

export const jwtRows: HostileRow[] = [
  ...[...HEADERS, ...FORMS, ...CLAIMS].map(([name, code, compact, why]) => ({
    name: `a JWT: ${name}`,
    code,
    why,
    keys,
    hostile: (digest: string) => attestedBy(compact(digest)),
    good,
  })),
  {
    name: 'a JWT over a simple-signing document: another digest',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    keys,
    hostile: (digest) => goodDocument(otherDigest(digest)),
    good: goodDocument,
  },
  {
    name: 'a JWT of another digest beside the right payload',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    keys,
    hostile: (digest) => ({ ...good(otherDigest(digest)), serializedPayload: payloadOf(digest).toString('base64') }),
    good: (digest) => ({ ...good(digest), serializedPayload: payloadOf(otherDigest(digest)).toString('base64') }),
  },
  {
    name: "a JWT's signature taken for that of the payload",
    code: 'SIGNATURE_INVALID',
    keys,
    hostile: (digest) => {
      const signature = Buffer.from(parts(digest)[2], 'base64url').toString('base64')
      const serializedPayload = payloadOf(digest).toString('base64')
      return { serializedPayload, signatures: [{ publicKeyId: 'urn:ec', signature }] }
    },
    good: goodByEc,
  },
]
