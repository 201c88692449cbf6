// PkixPublicKey.SignatureAlgorithm of Binary Authorization, as data
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors#signaturealgorithm).
// Every name means one key type, one size or curve, one hash and one padding: nothing of it is ever taken from a signature.
import { unimplemented } from '../../core/status.ts'

export type SignatureAlgorithm =
  | {
      readonly keyType: 'ec'
      readonly curve: Curve
      readonly spkiLength: number
      readonly pointLength: number
      readonly hash: Hash
    }
  | {
      readonly keyType: 'rsa'
      readonly modulusLength: 2048 | 3072 | 4096
      readonly hash: Hash
      readonly padding: 'pss' | 'pkcs1'
    }

type Hash = 'sha256' | 'sha384' | 'sha512'
type Curve = 'prime256v1' | 'secp384r1' | 'secp521r1'

const rsa = (padding: 'pss' | 'pkcs1', modulusLength: 2048 | 3072 | 4096, hash: Hash) =>
  ({ keyType: 'rsa', modulusLength, hash, padding }) as const

const PSS_2048 = rsa('pss', 2048, 'sha256')
const PSS_3072 = rsa('pss', 3072, 'sha256')
const PSS_4096 = rsa('pss', 4096, 'sha256')
const PSS_4096_SHA512 = rsa('pss', 4096, 'sha512')
// Sizes in bytes of the only DER form accepted: a named curve, then an uncompressed point at the end.
const P256 = { keyType: 'ec', curve: 'prime256v1', spkiLength: 91, pointLength: 65, hash: 'sha256' } as const
const P384 = { keyType: 'ec', curve: 'secp384r1', spkiLength: 120, pointLength: 97, hash: 'sha384' } as const
const P521 = { keyType: 'ec', curve: 'secp521r1', spkiLength: 158, pointLength: 133, hash: 'sha512' } as const

/** The 18 names of the enum that Cloud KMS and gcloud use; aliases (same number on the wire) share a row. */
export const SIGNATURE_ALGORITHMS = {
  RSA_PSS_2048_SHA256: PSS_2048,
  RSA_SIGN_PSS_2048_SHA256: PSS_2048,
  RSA_PSS_3072_SHA256: PSS_3072,
  RSA_SIGN_PSS_3072_SHA256: PSS_3072,
  RSA_PSS_4096_SHA256: PSS_4096,
  RSA_SIGN_PSS_4096_SHA256: PSS_4096,
  RSA_PSS_4096_SHA512: PSS_4096_SHA512,
  RSA_SIGN_PSS_4096_SHA512: PSS_4096_SHA512,
  RSA_SIGN_PKCS1_2048_SHA256: rsa('pkcs1', 2048, 'sha256'),
  RSA_SIGN_PKCS1_3072_SHA256: rsa('pkcs1', 3072, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA256: rsa('pkcs1', 4096, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA512: rsa('pkcs1', 4096, 'sha512'),
  ECDSA_P256_SHA256: P256,
  EC_SIGN_P256_SHA256: P256,
  ECDSA_P384_SHA384: P384,
  EC_SIGN_P384_SHA384: P384,
  ECDSA_P521_SHA512: P521,
  EC_SIGN_P521_SHA512: P521,
} as const satisfies Record<string, SignatureAlgorithm>

const JWT_PREFIXES = { pss: 'PS', pkcs1: 'RS' } as const

/** The `alg` of a JWT that the key of the algorithm signs (RFC 7518 section 3.1); there is no other for it. */
export function jwtAlgorithm(algorithm: SignatureAlgorithm): string {
  const prefix = algorithm.keyType === 'ec' ? 'ES' : JWT_PREFIXES[algorithm.padding]
  return `${prefix}${algorithm.hash.slice('sha'.length)}`
}

/** The row of an enum name; undefined for SIGNATURE_ALGORITHM_UNSPECIFIED, an empty name and every name that is not in the table.
 * @throws UNIMPLEMENTED for ML_DSA_65, which the enum has and node:crypto of Node 22 has not. */
export function signatureAlgorithm(name: string | undefined): SignatureAlgorithm | undefined {
  if (name === 'ML_DSA_65') throw unimplemented('PkixPublicKey.signature_algorithm ML_DSA_65')
  const rows: Record<string, SignatureAlgorithm> = SIGNATURE_ALGORITHMS
  return name !== undefined && Object.hasOwn(rows, name) ? rows[name] : undefined
}
