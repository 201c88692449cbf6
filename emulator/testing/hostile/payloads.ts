// Payloads that a trusted key has signed well, and that name their digest to some readers only.
import { attested, EC_KEY, ecSigned, goodByEc, type HostileRow, otherDigest, payloadOf } from './row.ts'

const text = (digest: string) => payloadOf(digest).toString()

/** `"key": "…"` of the payload, and something else in its place. */
const digestReplaced = (digest: string, member: string) => text(digest).replace(/"docker-manifest-digest": "[^"]*"/, member)

const PAYLOADS: [name: string, payload: (digest: string) => Buffer | string, why: RegExp][] = [
  [
    'the digest twice, the right one last',
    (digest) =>
      digestReplaced(digest, `"docker-manifest-digest": "${otherDigest(digest)}", "docker-manifest-digest": "${digest}"`),
    /twice/,
  ],
  [
    'the digest twice, the second key escaped',
    (digest) =>
      digestReplaced(digest, `"docker-manifest-digest": "${otherDigest(digest)}", "docker-manifest-diges\\u0074": "${digest}"`),
    /twice/,
  ],
  ['"critical" twice', (digest) => text(digest).replace('{', '{"critical": {},'), /twice/],
  ['a second document behind the first', (digest) => text(digest) + text(otherDigest(digest)), /not valid JSON/],
  ['a byte behind the document', (digest) => `${text(digest)}\0`, /not valid JSON/],
  ['a byte order mark', (digest) => `\ufeff${text(digest)}`, /not valid JSON/],
  ['a comment', (digest) => text(digest).replace('{', '{ // checked\n'), /not valid JSON/],
  ['a comma too many', (digest) => text(digest).replace(/\}\s*\}\s*$/, '},}'), /not valid JSON/],
  ['UTF-16', (digest) => Buffer.from(text(digest), 'utf16le'), /not valid/],
  [
    'bytes that are no UTF-8',
    (digest) =>
      Buffer.concat([Buffer.from(text(digest).replace(/\}\s*$/, ', "a": "')), Buffer.of(0xc0, 0xaf), Buffer.from('"}')]),
    /UTF-8/,
  ],
  ['the digest in a list', (digest) => digestReplaced(digest, `"docker-manifest-digest": ["${digest}"]`), /no string/],
  ['the digest an object', (digest) => digestReplaced(digest, `"docker-manifest-digest": {"${digest}": 1}`), /no string/],
  ['a document in a list', (digest) => `[${text(digest)}]`, /not a JSON object/],
  ['a document in a string', (digest) => JSON.stringify(text(digest)), /not a JSON object/],
  ['"critical" in a list', (digest) => JSON.stringify({ critical: [JSON.parse(text(digest)).critical] }), /not a JSON object/],
  ['"Critical" in upper case', (digest) => text(digest).replace('critical', 'Critical'), /not a JSON object/],
  ['inherited "critical"', (digest) => `{"__proto__": ${text(digest)}}`, /not a JSON object/],
  ['upper-case hex digits', (digest) => text(digest).replace(digest, `sha256:${digest.slice(7).toUpperCase()}`), /lower-case/],
  ['a digest without its algorithm', (digest) => text(digest).replace('sha256:', ''), /not sha256:/],
  ['a digest with a blank', (digest) => text(digest).replace(digest, `${digest} `), /not sha256:/],
  ['a digest with its repository', (digest) => text(digest).replace(digest, `gcr.io/p/app@${digest}`), /not sha256:/],
  ['two digests in one string', (digest) => text(digest).replace(digest, `${otherDigest(digest)},${digest}`), /not sha256:/],
  ['a type that is a number', (digest) => text(digest).replace(/"type": "[^"]*"/, '"type": 1'), /type is not a string/],
  [
    'a docker-reference that is a list',
    (digest) => text(digest).replace('"gcr.io/p/app"', '["gcr.io/p/app"]'),
    /docker-reference is not a string/,
  ],
  ['an identity that is null', (digest) => text(digest).replace(/"identity": \{[^}]*\}/, '"identity": null'), /not an object/],
  ['more than 64 KiB', (digest) => text(digest) + ' '.repeat(65_536), /larger than 65536/],
]

export const payloadRows: HostileRow[] = PAYLOADS.map(([name, payload, why]) => ({
  name: `a signed payload: ${name}`,
  code: why.source.startsWith('larger') ? 'SIGNATURE_INVALID' : 'PAYLOAD_INVALID',
  why,
  keys: [EC_KEY],
  hostile: (digest) => {
    const bytes = Buffer.from(payload(digest) as string)
    return attested('urn:ec', bytes, ecSigned(bytes))
  },
  good: goodByEc,
}))
