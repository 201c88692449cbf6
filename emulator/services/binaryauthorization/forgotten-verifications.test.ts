// Verdicts on signatures are remembered. What must not outlive them: a key that is taken away, and the time that they were made for.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { attached, keyPackets, pgpKey, signature, armored as textOf } from '../../testing/hostile/pgp-packets.ts'
import { type Attestation, attested, EC_KEY, ecSigned, payloadOf } from '../../testing/hostile/row.ts'
import { podReview } from '../../testing/pod-review.ts'
import type { AttestorPublicKey } from './public-keys.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

const pgp = pgpKey()
const pgpId = pgp.fingerprint.toUpperCase()
const PGP_KEY = { asciiArmoredPgpPublicKey: textOf('PUBLIC KEY BLOCK', keyPackets(pgp)) }
const jwtPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const JWT_KEY = {
  id: 'urn:jwt',
  pkixPublicKey: {
    publicKeyPem: jwtPair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    signatureAlgorithm: 'EC_SIGN_P256_SHA256',
  },
}

function jwt(digest: string, more: object = {}): Attestation {
  const [header, payload] = [
    { typ: 'JWT', alg: 'ES256', kid: 'urn:jwt' },
    { sub: `container:digest:${digest}`, aud: '//binaryauthorization.googleapis.com', attestationType: 'claimless', ...more },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signed = Buffer.from(`${header}.${payload}`)
  const signature = sign('sha256', signed, { key: jwtPair.privateKey, dsaEncoding: 'ieee-p1363' })
  return { jwts: [{ compactJwt: `${signed}.${signature.toString('base64url')}` }] }
}

const FORMS: [form: string, key: AttestorPublicKey, attestation: (digest: string) => Attestation][] = [
  ['raw', EC_KEY, (digest) => attested('urn:ec', payloadOf(digest), ecSigned(payloadOf(digest)))],
  ['detached', PGP_KEY, (digest) => attested(pgpId, payloadOf(digest), signature(pgp, payloadOf(digest)))],
  ['attached', PGP_KEY, (digest) => attested(pgpId, payloadOf(digest), attached(pgp, payloadOf(digest)))],
  ['jwt', JWT_KEY, jwt],
]

describeTransports('remembered verifications', (emulator) => {
  const call = (method: string, request: object) => emulator().call('binaryauthorization.v1', `${BINAUTHZ}/${method}`, request)

  const noteOf = (project: string) => `projects/${project}/notes/note`
  const nameOf = (project: string) => `projects/${project}/attestors/attestor`
  const noteWith = (project: string, publicKeys: AttestorPublicKey[]) => ({ noteReference: noteOf(project), publicKeys })
  const setKeys = (project: string, ...publicKeys: AttestorPublicKey[]) =>
    call('UpdateAttestor', { attestor: { name: nameOf(project), userOwnedGrafeasNote: noteWith(project, publicKeys) } })

  async function attest(project: string, keys: AttestorPublicKey[], digest: string, attestation: Attestation) {
    const ca = (method: string, request: object) =>
      emulator().call('containeranalysis.v1', `grafeas.v1.Grafeas/${method}`, request)
    const parent = `projects/${project}`
    const note = { attestation: { hint: { humanReadableName: 'note' } } }
    await ca('CreateNote', { parent, noteId: 'note', note })
    await call('CreateAttestor', { parent, attestorId: 'attestor', attestor: { userOwnedGrafeasNote: noteWith(project, keys) } })
    const rule = { evaluationMode: 'REQUIRE_ATTESTATION', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
    const defaultAdmissionRule = { ...rule, requireAttestationsBy: [nameOf(project)] }
    await call('UpdatePolicy', { policy: { name: `${parent}/policy`, defaultAdmissionRule } })
    const occurrence = { noteName: noteOf(project), resourceUri: `https://gcr.io/p/app@${digest}`, attestation }
    await ca('CreateOccurrence', { parent, occurrence })
  }

  async function isAllowed(project: string, digest: string): Promise<boolean> {
    const cluster = `/admission/projects/${project}/locations/us-central1/clusters/prod`
    const { body } = await emulator().http('POST', cluster, podReview([`gcr.io/p/app@${digest}`]))
    return body.response.allowed
  }

  const isValid = async (project: string, digest: string, attestation: Attestation) => {
    const { result } = await emulator().call(
      'binaryauthorization.v1',
      'google.cloud.binaryauthorization.v1.ValidationHelperV1/ValidateAttestationOccurrence',
      {
        attestor: nameOf(project),
        attestation,
        occurrenceNote: noteOf(project),
        occurrenceResourceUri: `gcr.io/p/app@${digest}`,
      },
    )
    return result === 'VERIFIED'
  }

  test.each(FORMS)(
    '%s: a key that is taken away denies at once what it has verified, and allows when it is back',
    async (...row) => {
      const [form, key, attestation] = row
      const project = `forgotten-${form}`
      const digest = digestOf(form)
      const signed = attestation(digest)
      await attest(project, [key], digest, signed)
      for (let time = 0; time < 3; time++) {
        expect(await isAllowed(project, digest)).toBe(true)
        expect(await isValid(project, digest, signed)).toBe(true)
      }
      const { publicKey } = await generateKey({ userIDs: [{ name: 'other' }] })
      await setKeys(project, { asciiArmoredPgpPublicKey: publicKey })
      expect(await isAllowed(project, digest)).toBe(false)
      expect(await isValid(project, digest, signed)).toBe(false)
      await setKeys(project)
      expect(await isAllowed(project, digest)).toBe(false)
      await setKeys(project, key)
      expect(await isAllowed(project, digest)).toBe(true)
      expect(await isValid(project, digest, signed)).toBe(true)
    },
  )

  test('another key under the same id verifies nothing of the old one', async () => {
    const digest = digestOf('same id')
    await attest('forgotten-same-id', [EC_KEY], digest, FORMS[0]![2](digest))
    expect(await isAllowed('forgotten-same-id', digest)).toBe(true)
    await setKeys('forgotten-same-id', { ...JWT_KEY, id: 'urn:ec' })
    expect(await isAllowed('forgotten-same-id', digest)).toBe(false)
  })

  test('a key that is revoked denies at once what it has signed', async () => {
    const { privateKey, publicKey } = await generateKey({
      userIDs: [{ name: 'a' }],
      date: new Date('2024-01-01'),
      format: 'object',
    })
    const { createMessage, sign: signMessage } = await import('openpgp')
    const digest = digestOf('revoked')
    const message = await createMessage({ binary: payloadOf(digest) })
    const date = new Date('2025-01-01')
    const bytes = await signMessage({ message, signingKeys: privateKey, date, detached: true, format: 'binary' })
    const attestation = attested(publicKey.getFingerprint().toUpperCase(), payloadOf(digest), Buffer.from(bytes))
    await attest('forgotten-revoked', [{ asciiArmoredPgpPublicKey: publicKey.armor() }], digest, attestation)
    expect(await isAllowed('forgotten-revoked', digest)).toBe(true)
    await setKeys('forgotten-revoked', { asciiArmoredPgpPublicKey: (await privateKey.revoke()).toPublic().armor() })
    expect(await isAllowed('forgotten-revoked', digest)).toBe(false)
  })

  test('a JWT counts from its nbf until its exp, and not a moment longer', async () => {
    const now = Number(emulator().clock.nanos() / 1_000_000_000n)
    const digest = digestOf('times')
    const signed = jwt(digest, { nbf: now + 3600, exp: now + 7200 })
    await attest('forgotten-times', [JWT_KEY], digest, signed)
    const verdicts: boolean[] = []
    for (const seconds of [0, 3500, 200, 3400, 200]) {
      emulator().clock.advance(seconds * 1000)
      verdicts.push(await isAllowed('forgotten-times', digest), await isValid('forgotten-times', digest, signed))
    }
    expect(verdicts).toEqual([false, false, false, false, true, true, true, true, false, false])
  })
})
