// The secret and public bytes of a CryptoKeyVersion: https://cloud.google.com/kms/docs/algorithms
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { atMost } from '../../core/at-most.ts'
import { type SigningAlgorithm, signingAlgorithm, supportedAlgorithm } from './algorithms.ts'

export interface KeyMaterial {
  /** PKCS#8 in DER; of a symmetric key the raw bytes. */
  privateKey: Buffer
  /** SubjectPublicKeyInfo in PEM ("PUBLIC KEY", with a newline at its end) as in GetPublicKey; none for a symmetric key. */
  publicKeyPem?: string
}

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'der' } as const

/** libuv has four threads, and PGP verifications, files and names of hosts need some too. */
const generateRsa = atMost(2)

/** New random material for a CryptoKeyVersion. RSA is made on libuv's threads, because 4096 bits take seconds, two keys at a time.
 * Throws an Error for an algorithm that is not supported. */
export async function generateKeyMaterial(algorithm: string): Promise<KeyMaterial> {
  const { key } = supportedAlgorithm(algorithm)
  if (key.kind !== 'rsa') return generateKeyMaterialSync(algorithm)
  const { modulusLength } = key
  const { publicKey, privateKey } = await generateRsa(() =>
    promisify(generateKeyPair)('rsa', { modulusLength, publicExponent: 65537, publicKeyEncoding, privateKeyEncoding }),
  )
  return { privateKey, publicKeyPem: publicKey }
}

/** The same at once, for EC and symmetric keys (about 0.1 ms). Throws an Error for RSA, which would hold up every other request. */
export function generateKeyMaterialSync(algorithm: string): KeyMaterial {
  const { key } = supportedAlgorithm(algorithm)
  if (key.kind === 'rsa') throw new Error(`${algorithm} needs an RSA key, which is never generated synchronously.`)
  if (key.kind === 'symmetric') return { privateKey: randomBytes(key.bytes) }
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: key.curve, publicKeyEncoding, privateKeyEncoding })
  return { privateKey, publicKeyPem: publicKey }
}

/** The material of a private key in PEM (PKCS#8, SEC1 or PKCS#1; not encrypted), as seeds carry it.
 * Throws an Error that says what the algorithm needs where the key is of another type, curve or size, or its halves do not match. */
export function importKeyMaterial(algorithm: string, pem: string): KeyMaterial {
  const { digest } = signingAlgorithm(algorithm)
  const key = parsePrivateKey(algorithm, () => createPrivateKey(pem))
  const publicKey = createPublicKey(key)
  const probe = randomBytes(32)
  if (!signs(key, publicKey, digest, probe))
    throw new Error(`${algorithm}: the private and the public half of the key do not match.`)
  return {
    privateKey: key.export(privateKeyEncoding),
    publicKeyPem: publicKey.export(publicKeyEncoding).toString(),
  }
}

/** The key in the PKCS#8 DER of `KeyMaterial.privateKey`. Throws an Error where it is not the kind of key that the algorithm needs. */
export function readPrivateKey(algorithm: string, privateKey: Buffer): KeyObject {
  return parsePrivateKey(algorithm, () => createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }))
}

function parsePrivateKey(algorithm: string, parse: () => KeyObject): KeyObject {
  const wanted = describeNeed(signingAlgorithm(algorithm).key)
  let key: KeyObject
  try {
    key = parse()
  } catch (cause) {
    throw new Error(`${algorithm} needs ${wanted}, but the key is not a readable, unencrypted private key.`, { cause })
  }
  const found = describeKey(key)
  if (found !== wanted) throw new Error(`${algorithm} needs ${wanted}, but the key is ${found}.`)
  return key
}

/** node:crypto's names of the curves that have an algorithm; other curves keep OpenSSL's name in messages. */
const CURVE_NAMES: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384' }

function describeNeed(key: SigningAlgorithm['key']): string {
  if (key.kind === 'ec') return `an EC private key on the curve ${key.curve}`
  return `an RSA private key of ${key.modulusLength} bits`
}

function describeKey({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return `an RSA private key of ${details?.modulusLength} bits`
  if (asymmetricKeyType !== 'ec') return `a private key of type ${asymmetricKeyType}`
  const curve = details?.namedCurve
  return curve ? `an EC private key on the curve ${CURVE_NAMES[curve] ?? curve}` : 'an EC private key on an unnamed curve'
}

/** OpenSSL takes the public half from the file without comparing it to the private one. */
function signs(key: KeyObject, publicKey: KeyObject, digest: string, probe: Buffer): boolean {
  try {
    return verify(digest, probe, publicKey, sign(digest, probe, key))
  } catch {
    return false
  }
}
