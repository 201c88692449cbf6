// Every CryptoKeyVersionAlgorithm of Cloud KMS v1, as data: https://cloud.google.com/kms/docs/algorithms
// An unsupported row has its purpose only: enough to tell "wrong purpose" (INVALID_ARGUMENT) from "not emulated" (UNIMPLEMENTED).

export type CryptoKeyPurpose =
  | 'ENCRYPT_DECRYPT'
  | 'ASYMMETRIC_SIGN'
  | 'ASYMMETRIC_DECRYPT'
  | 'RAW_ENCRYPT_DECRYPT'
  | 'MAC'
  | 'KEY_ENCAPSULATION'
  | 'AES_WRAPPING'

export type DigestName = 'sha256' | 'sha384' | 'sha512'
export type EcKey = { kind: 'ec'; curve: 'P-256' | 'P-384' }
export type RsaKey = { kind: 'rsa'; modulusLength: 2048 | 3072 | 4096 }
export type SymmetricKey = { kind: 'symmetric'; bytes: number }

/** A row that signs: `digest` is the hash whose value AsymmetricSign takes, `scheme` how the signature is made. */
export type SigningAlgorithm = { purpose: 'ASYMMETRIC_SIGN'; digest: DigestName; supported: true } & (
  | { key: EcKey; scheme: 'ecdsa' }
  | { key: RsaKey; scheme: 'pss' | 'pkcs1' }
)
export type EncryptionAlgorithm = { purpose: 'ENCRYPT_DECRYPT'; key: SymmetricKey; supported: true }
export type SupportedAlgorithm = SigningAlgorithm | EncryptionAlgorithm
export type UnsupportedAlgorithm = { purpose: CryptoKeyPurpose; supported: false }
export type Algorithm = SupportedAlgorithm | UnsupportedAlgorithm

const ecdsa = (curve: EcKey['curve'], digest: DigestName): SigningAlgorithm => ({
  purpose: 'ASYMMETRIC_SIGN',
  key: { kind: 'ec', curve },
  digest,
  scheme: 'ecdsa',
  supported: true,
})
const rsa = (scheme: 'pss' | 'pkcs1', modulusLength: RsaKey['modulusLength'], digest: DigestName): SigningAlgorithm => ({
  purpose: 'ASYMMETRIC_SIGN',
  key: { kind: 'rsa', modulusLength },
  digest,
  scheme,
  supported: true,
})
const unsupported = (purpose: CryptoKeyPurpose): UnsupportedAlgorithm => ({ purpose, supported: false })

/** In the order of the enum in google/cloud/kms/v1/resources.proto, without CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED. */
export const ALGORITHMS = {
  GOOGLE_SYMMETRIC_ENCRYPTION: { purpose: 'ENCRYPT_DECRYPT', key: { kind: 'symmetric', bytes: 32 }, supported: true },
  AES_128_GCM: unsupported('RAW_ENCRYPT_DECRYPT'),
  AES_256_GCM: unsupported('RAW_ENCRYPT_DECRYPT'),
  AES_128_CBC: unsupported('RAW_ENCRYPT_DECRYPT'),
  AES_256_CBC: unsupported('RAW_ENCRYPT_DECRYPT'),
  AES_128_CTR: unsupported('RAW_ENCRYPT_DECRYPT'),
  AES_256_CTR: unsupported('RAW_ENCRYPT_DECRYPT'),
  RSA_SIGN_PSS_2048_SHA256: rsa('pss', 2048, 'sha256'),
  RSA_SIGN_PSS_3072_SHA256: rsa('pss', 3072, 'sha256'),
  RSA_SIGN_PSS_4096_SHA256: rsa('pss', 4096, 'sha256'),
  RSA_SIGN_PSS_4096_SHA512: rsa('pss', 4096, 'sha512'),
  RSA_SIGN_PKCS1_2048_SHA256: rsa('pkcs1', 2048, 'sha256'),
  RSA_SIGN_PKCS1_3072_SHA256: rsa('pkcs1', 3072, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA256: rsa('pkcs1', 4096, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA512: rsa('pkcs1', 4096, 'sha512'),
  RSA_SIGN_RAW_PKCS1_2048: unsupported('ASYMMETRIC_SIGN'),
  RSA_SIGN_RAW_PKCS1_3072: unsupported('ASYMMETRIC_SIGN'),
  RSA_SIGN_RAW_PKCS1_4096: unsupported('ASYMMETRIC_SIGN'),
  RSA_DECRYPT_OAEP_2048_SHA256: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_3072_SHA256: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_4096_SHA256: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_4096_SHA512: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_2048_SHA1: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_3072_SHA1: unsupported('ASYMMETRIC_DECRYPT'),
  RSA_DECRYPT_OAEP_4096_SHA1: unsupported('ASYMMETRIC_DECRYPT'),
  EC_SIGN_P256_SHA256: ecdsa('P-256', 'sha256'),
  EC_SIGN_P384_SHA384: ecdsa('P-384', 'sha384'),
  EC_SIGN_SECP256K1_SHA256: unsupported('ASYMMETRIC_SIGN'),
  EC_SIGN_ED25519: unsupported('ASYMMETRIC_SIGN'),
  HMAC_SHA256: unsupported('MAC'),
  HMAC_SHA1: unsupported('MAC'),
  HMAC_SHA384: unsupported('MAC'),
  HMAC_SHA512: unsupported('MAC'),
  HMAC_SHA224: unsupported('MAC'),
  EXTERNAL_SYMMETRIC_ENCRYPTION: unsupported('ENCRYPT_DECRYPT'),
  ML_KEM_768: unsupported('KEY_ENCAPSULATION'),
  ML_KEM_1024: unsupported('KEY_ENCAPSULATION'),
  KEM_XWING: unsupported('KEY_ENCAPSULATION'),
  PQ_SIGN_ML_DSA_44: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_ML_DSA_65: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_ML_DSA_87: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_SLH_DSA_SHA2_128S: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_ML_DSA_44_EXTERNAL_MU: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_ML_DSA_65_EXTERNAL_MU: unsupported('ASYMMETRIC_SIGN'),
  PQ_SIGN_ML_DSA_87_EXTERNAL_MU: unsupported('ASYMMETRIC_SIGN'),
  AES_256_KWP: unsupported('AES_WRAPPING'),
} as const satisfies Record<string, Algorithm>

/** The row of an algorithm; undefined for UNSPECIFIED and for what is no algorithm of KMS v1. */
export function findAlgorithm(name: string): Algorithm | undefined {
  return Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as keyof typeof ALGORITHMS] : undefined
}

/** The row of an algorithm that keys can be made for. Throws an Error for any other: requests are to be refused before. */
export function supportedAlgorithm(name: string): SupportedAlgorithm {
  const algorithm = findAlgorithm(name)
  if (!algorithm?.supported) throw new Error(`${name} is not a supported CryptoKeyVersionAlgorithm.`)
  return algorithm
}

/** The row of an algorithm that signs. Throws an Error for any other: requests are to be refused before. */
export function signingAlgorithm(name: string): SigningAlgorithm {
  const algorithm = supportedAlgorithm(name)
  if (algorithm.purpose !== 'ASYMMETRIC_SIGN') throw new Error(`${name} is not an algorithm for ASYMMETRIC_SIGN.`)
  return algorithm
}
