// What an evaluation may remember, and for how long.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { testClock } from '../../testing/clock.ts'
import { inProcess } from '../../testing/in-process.ts'

const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const PROJECT = 'evaluation-test'
const DIGEST = `sha256:${'5'.repeat(64)}`
const IMAGE = `gcr.io/p/app@${DIGEST}`

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function jwt(privateKey: KeyObject, kid: string, times: object) {
  const claims = { critical: { image: { 'docker-manifest-digest': DIGEST } }, ...times }
  const signed = `${encoded({ typ: 'JWT', alg: 'ES256', kid })}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

test('an image that a JWT lets in is let in from its nbf until its exp, and no longer, though nothing else changes', async () => {
  const clock = testClock('2026-01-02T00:00:00Z')
  const emulator = await inProcess({ clock })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' })
  const parent = `projects/${PROJECT}`
  const binauthz = (method: string, request: object) => emulator.call('binaryauthorization.v1', `${BINAUTHZ}/${method}`, request)
  const grafeas = (method: string, request: object) =>
    emulator.call('containeranalysis.v1', `grafeas.v1.Grafeas/${method}`, request)
  await grafeas('CreateNote', { parent, noteId: 'built', note: { attestation: { hint: { humanReadableName: 'built' } } } })
  const id = 'https://example.com/key'
  await binauthz('CreateAttestor', {
    parent,
    attestorId: 'built',
    attestor: {
      userOwnedGrafeasNote: {
        noteReference: `${parent}/notes/built`,
        publicKeys: [{ id, pkixPublicKey: { publicKeyPem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }],
      },
    },
  })
  await binauthz('UpdatePolicy', {
    policy: {
      name: `${parent}/policy`,
      defaultAdmissionRule: {
        evaluationMode: 'REQUIRE_ATTESTATION',
        enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
        requireAttestationsBy: [`${parent}/attestors/built`],
      },
    },
  })
  const seconds = (time: string) => Date.parse(time) / 1000
  const times = { nbf: seconds('2026-01-02T01:00:00Z'), exp: seconds('2026-01-02T02:00:00Z') }
  const attestation = { jwts: [{ compactJwt: jwt(privateKey, id, times) }] }
  await grafeas('CreateOccurrence', {
    parent,
    occurrence: { noteName: `${parent}/notes/built`, resourceUri: IMAGE, attestation },
  })

  const allowed = async () => (await emulator.evaluate({ project: PROJECT, images: [IMAGE] })).allowed
  expect(await allowed()).toBe(false)
  clock.advance(90 * 60_000)
  expect(await allowed()).toBe(true)
  expect(await allowed()).toBe(true)
  clock.advance(60 * 60_000)
  expect(await allowed()).toBe(false)
  await emulator.close()
})
