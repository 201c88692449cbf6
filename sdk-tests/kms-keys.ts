// A signing key in the emulator's Cloud KMS, made over REST (https://cloud.google.com/kms/docs/reference/rest).
import type { PublicKey } from './attestations.ts'
import type { Emulator } from './emulator.ts'

export const LOCATION = 'europe-west2'
export const KEY_RING = 'prod-binauthz-ring'

export interface KmsKey {
  /** Resource name of version 1. */
  version: string
  pem: string
  /** As an attestor holds it, under the id that gcloud gives it at this emulator. */
  publicKey: PublicKey & { id: string }
}

/** Binary Authorization's name of a Cloud KMS algorithm, as gcloud translates it. */
const binauthzAlgorithm = (algorithm: string) => algorithm.replace(/^EC_SIGN_/, 'ECDSA_').replace(/^RSA_SIGN_PSS_/, 'RSA_PSS_')

/** Makes a key (and the key ring where there is none), and waits until its version 1 can sign. */
export async function createKmsKey(emulator: Emulator, project: string, algorithm: string, key = 'signer'): Promise<KmsKey> {
  const location = `projects/${project}/locations/${LOCATION}`
  const ring = await emulator.http('POST', `/v1/${location}/keyRings?keyRingId=${KEY_RING}`, {})
  if (![200, 409].includes(ring.status)) throw new Error(`The key ring was not created: ${JSON.stringify(ring.body)}`)
  const { name } = await emulator.call('POST', `/v1/${location}/keyRings/${KEY_RING}/cryptoKeys?cryptoKeyId=${key}`, {
    purpose: 'ASYMMETRIC_SIGN',
    versionTemplate: { algorithm, protectionLevel: 'SOFTWARE' },
  })
  const version = `${name}/cryptoKeyVersions/1`
  while ((await emulator.call('GET', `/v1/${version}`)).state === 'PENDING_GENERATION')
    await new Promise((resolve) => setTimeout(resolve, 50))
  const { pem } = await emulator.call('GET', `/v1/${version}/publicKey`)
  const id = `${emulator.url.replace('http:', '')}/v1/${version}`
  return {
    version,
    pem,
    publicKey: { id, pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: binauthzAlgorithm(algorithm) } },
  }
}
