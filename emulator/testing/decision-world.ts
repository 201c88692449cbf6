// Writes what the decision table takes for granted into an emulator: notes, attestors, attestations, and a policy for each project.
import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto'
import { digest, type Policy, REPOSITORY, type Row } from '../services/binaryauthorization/decision-table/row.ts'
import {
  AFTERWARDS,
  ATTESTATIONS,
  ATTESTORS,
  KEYS,
  type KeyName,
  type WorldAttestation,
  type WorldAttestor,
} from '../services/binaryauthorization/decision-table/world.ts'

export type Call = (api: string, method: string, request: object) => Promise<any>

interface Key {
  id: string
  /** `alg` of its JWTs. */
  alg?: string
  publicKey: object
  sign(data: Buffer, form?: WorldAttestation['signature']): Promise<Buffer> | Buffer
}

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const GRAFEAS = 'grafeas.v1.Grafeas'

const CURVES: Record<string, string> = { P256: 'P-256', P384: 'P-384', P521: 'P-521' }

/** A new key for an algorithm such as ECDSA_P256_SHA256 or RSA_PSS_2048_SHA256. */
function pkixKey(signatureAlgorithm: string): Key {
  const curve = CURVES[/P\d{3}/.exec(signatureAlgorithm)?.[0] ?? '']
  const { privateKey: key, publicKey } = curve
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const hash = /SHA\d+$/.exec(signatureAlgorithm)![0]
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return {
    id: `ni:///sha-256;${createHash('sha256').update(spki).digest('base64url')}`,
    alg: `${curve ? 'ES' : signatureAlgorithm.includes('PSS') ? 'PS' : 'RS'}${hash.slice(3)}`,
    publicKey: { pkixPublicKey: { publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }), signatureAlgorithm } },
    sign(data, form) {
      const options = {
        ...(signatureAlgorithm.includes('PSS') && pss),
        ...(form === 'P1363' && { dsaEncoding: 'ieee-p1363' as const }),
      }
      return sign(hash, data, { key, ...options })
    },
  }
}

async function pgpKey(): Promise<Key> {
  const { createMessage, generateKey, readPrivateKey, sign } = await import('openpgp')
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'nistP256',
    userIDs: [{ name: 'attestor' }],
    date: new Date('2026-01-01T00:00:00Z'),
  })
  const signingKeys = await readPrivateKey({ armoredKey: privateKey })
  return {
    id: signingKeys.getFingerprint().toUpperCase(),
    publicKey: { asciiArmoredPgpPublicKey: publicKey },
    async sign(data, form) {
      const message = await createMessage({ binary: data })
      const date = new Date('2026-01-02T00:00:00Z')
      const armored = await sign({ message, signingKeys, date, detached: form !== 'ATTACHED' })
      return Buffer.from(String(armored))
    },
  }
}

const gcloudPayload = (of: string) =>
  `${JSON.stringify({ critical: { identity: { 'docker-reference': REPOSITORY }, image: { 'docker-manifest-digest': of }, type: 'Google cloud binauthz container signature' } }, null, 2)}\n`

const DSSE_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** What becomes of a signature on its way. */
const SPOILT: Record<string, (signature: Buffer) => Buffer> = {
  BASE64_TWICE: (signature) => Buffer.from(signature.toString('base64')),
  TRUNCATED: (signature) => signature.subarray(0, -1),
  BIT_FLIPPED: (signature) => Buffer.concat([signature.subarray(0, -1), Buffer.from([signature.at(-1)! ^ 1])]),
  EMPTY: () => Buffer.alloc(0),
}

function signedBytes({ signed }: WorldAttestation, payload: string): Buffer {
  if (signed === 'PAE') return Buffer.from(`DSSEv1 ${DSSE_TYPE.length} ${DSSE_TYPE} ${Buffer.byteLength(payload)} ${payload}`)
  if (signed) return Buffer.from(signed.text === 'WITHOUT_NEWLINE' ? payload.trimEnd() : signed.text)
  return Buffer.from(payload)
}

/** RFC 7515, compact; the signature of an ECDSA key is r and s unless it is to be DER. */
async function compactJwt(
  { alg, sign }: Key,
  kid: string,
  payload: string,
  { header, der }: NonNullable<WorldAttestation['jwt']>,
) {
  const head = Buffer.from(JSON.stringify({ typ: 'JWT', alg, kid, ...header })).toString('base64url')
  const signed = `${head}.${Buffer.from(payload).toString('base64url')}`
  return `${signed}.${(await sign(Buffer.from(signed), der ? undefined : 'P1363')).toString('base64url')}`
}

async function occurrenceOf(attestation: WorldAttestation, keys: Record<string, Key>) {
  const { of, note, key, publicKeyId, payloadOf = of, payload: given, resourceUri, before = [], behind = [] } = attestation
  const payload = given?.replaceAll('{digest}', digest(of)) ?? gcloudPayload(digest(payloadOf))
  const bytes = signedBytes(attestation, payload)
  const spoil = SPOILT[attestation.signature ?? ''] ?? ((signature: Buffer) => signature)
  const signature = async (name: string, id = keys[name]!.id) => ({
    publicKeyId: id,
    signature: spoil(await keys[name]!.sign(bytes, attestation.signature)).toString('base64'),
  })
  const id = publicKeyId !== undefined ? (keys[publicKeyId]?.id ?? publicKeyId) : undefined
  const { jwt } = attestation
  const jwts = jwt ? [{ compactJwt: await compactJwt(keys[key]!, id ?? keys[key]!.id, payload, jwt) }] : undefined
  const signatures = [
    ...(await Promise.all(before.map((name) => signature(name)))),
    await signature(key, id),
    ...(await Promise.all(behind.map((name) => signature(name)))),
  ]
  return {
    noteName: note,
    resourceUri: (resourceUri ?? `https://${REPOSITORY}@{digest}`).replaceAll('{digest}', digest(of)),
    attestation: jwts
      ? { jwts }
      : { serializedPayload: Buffer.from(payload).toString('base64'), ...(!attestation.unsigned && { signatures }) },
  }
}

const projectOf = (name: string) => name.split('/').slice(0, 2).join('/')
const attestorName = (id: string) => (id.includes('/') ? id : `projects/table-attestors/attestors/${id}`)

/** The project in which a policy is; one for each that the rows name, and another for rows without. */
export function projectsOf(rows: readonly Row[]): Map<string, string> {
  const texts = [...new Set(rows.map(({ policy }) => JSON.stringify(policy ?? null)))]
  return new Map(texts.map((text, index) => [text, `table-policy-${index}`]))
}

export const projectOfRow = (projects: Map<string, string>, { policy }: Row) => projects.get(JSON.stringify(policy ?? null))!

export async function writeDecisionWorld(call: Call, projects: Map<string, string>): Promise<void> {
  const names = Object.keys(KEYS) as (keyof typeof KEYS)[]
  const keys: Record<string, Key> = { pgp: await pgpKey() }
  for (const name of names) keys[name] = pkixKey(KEYS[name])
  const binauthz = (method: string, request: object) => call('binaryauthorization.v1', `${BINAUTHZ}/${method}`, request)
  const grafeas = (method: string, request: object) => call('containeranalysis.v1', `${GRAFEAS}/${method}`, request)
  const createNote = (name: string, note: object) =>
    grafeas('CreateNote', { parent: projectOf(name), noteId: name.split('/').at(-1), note })
  const publicKeys = (of: WorldAttestor['keys']) =>
    of.map((key: KeyName | [KeyName, string]) =>
      Array.isArray(key) ? { id: key[1], ...keys[key[0]]!.publicKey } : keys[key]!.publicKey,
    )

  for (const note of new Set(ATTESTATIONS.map(({ note }) => note)))
    await createNote(note, { attestation: { hint: { humanReadableName: 'table' } } })
  for (const { id, note, keys: own } of ATTESTORS)
    await binauthz('CreateAttestor', {
      parent: projectOf(attestorName(id)),
      attestorId: id.split('/').at(-1),
      attestor: { userOwnedGrafeasNote: { noteReference: note, publicKeys: publicKeys(own) } },
    })
  const created = new Map<string, string>()
  for (const attestation of ATTESTATIONS) {
    const parent = `projects/${attestation.project ?? 'table-images'}`
    const { name } = await grafeas('CreateOccurrence', { parent, occurrence: await occurrenceOf(attestation, keys) })
    created.set(attestation.of, name)
  }
  for (const [text, project] of projects) {
    const policy: Policy | null = JSON.parse(text)
    if (policy) await binauthz('UpdatePolicy', { policy: { name: `projects/${project}/policy`, ...policy } })
  }

  for (const id of AFTERWARDS.deletedAttestors) await binauthz('DeleteAttestor', { name: attestorName(id) })
  for (const name of AFTERWARDS.deletedNotes) await grafeas('DeleteNote', { name })
  for (const { name, note } of AFTERWARDS.notesMadeAgain) await createNote(name, note)
  for (const label of AFTERWARDS.deletedAttestations) await grafeas('DeleteOccurrence', { name: created.get(label) })
  for (const [id, own] of Object.entries(AFTERWARDS.keys)) {
    const { note } = ATTESTORS.find((attestor) => attestor.id === id)!
    const userOwnedGrafeasNote = { noteReference: note, publicKeys: publicKeys(own) }
    await binauthz('UpdateAttestor', { attestor: { name: attestorName(id), userOwnedGrafeasNote } })
  }
}
