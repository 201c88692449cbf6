// What a row of the hostile attestations is, and the honest signers that its twin is made by.
import { constants, generateKeyPairSync, type KeyObject, type SigningOptions, sign } from 'node:crypto'
import type { AttestorPublicKey } from '../../services/binaryauthorization/public-keys.ts'

/** grafeas.v1.AttestationOccurrence as ProtoJSON. */
export interface Attestation {
  serializedPayload?: string
  signatures?: { publicKeyId: string; signature: string }[]
  jwts?: { compactJwt: string }[]
}

export interface HostileRow {
  name: string
  /** The code that the decision tree has for the attestation. */
  code: string
  /** What the tree says of it, where the code alone could come from something else. */
  why?: RegExp
  /** The attestor's keys. */
  keys: AttestorPublicKey[]
  /** A key that no attestor takes: it stands in the store for the first one, as if it had been written before that was checked. */
  storedInstead?: AttestorPublicKey
  /** The attestation that must not count, for a digest. */
  hostile(digest: string): Attestation
  /** Its twin, which must: as like it as can be. */
  good(digest: string): Attestation
}

/** What `gcloud container binauthz create-signature-payload` prints. */
export const payloadOf = (digest: string): Buffer =>
  Buffer.from(
    `${JSON.stringify(
      {
        critical: {
          identity: { 'docker-reference': 'gcr.io/p/app' },
          image: { 'docker-manifest-digest': digest },
          type: 'Google cloud binauthz container signature',
        },
      },
      null,
      2,
    )}\n`,
  )

/** A digest that differs from the given one in a digit. */
export const otherDigest = (digest: string) => digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'))

/** An attestation with one signature. */
export const attested = (publicKeyId: string, payload: Buffer, signature: Buffer): Attestation => ({
  serializedPayload: payload.toString('base64'),
  signatures: [{ publicKeyId, signature: signature.toString('base64') }],
})

export interface Pair {
  publicKey: KeyObject
  privateKey: KeyObject
}

export const pemOf = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: 'spki', format: 'pem' }) as string

export const pkixKey = (id: string, pair: { publicKey: KeyObject }, signatureAlgorithm: string): AttestorPublicKey => ({
  id,
  pkixPublicKey: { publicKeyPem: pemOf(pair), signatureAlgorithm },
})

export const newEcPair = (namedCurve = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve })
export const newRsaPair = (modulusLength = 2048, publicExponent = 65537): Pair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent })

export const PSS: SigningOptions = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

/** The keys of this process that attestors trust, and one that none does. */
export const ec = newEcPair()
export const rsa = newRsaPair()
export const stranger = newEcPair()

export const EC_KEY = pkixKey('urn:ec', ec, 'ECDSA_P256_SHA256')
export const PSS_KEY = pkixKey('urn:pss', rsa, 'RSA_PSS_2048_SHA256')
export const PKCS1_KEY = pkixKey('urn:pkcs1', rsa, 'RSA_SIGN_PKCS1_2048_SHA256')

export const ecSigned = (payload: Buffer, options: SigningOptions = {}) =>
  sign('sha256', payload, { key: ec.privateKey, ...options })
export const pkcs1Signed = (payload: Buffer) => sign('sha256', payload, rsa.privateKey)
export const pssSigned = (payload: Buffer, options: SigningOptions = PSS) =>
  sign('sha256', payload, { key: rsa.privateKey, ...options })

export const goodByEc = (digest: string) => attested('urn:ec', payloadOf(digest), ecSigned(payloadOf(digest)))
export const goodByPss = (digest: string) => attested('urn:pss', payloadOf(digest), pssSigned(payloadOf(digest)))
