// AsymmetricSign without its API: signatures over a digest. https://cloud.google.com/kms/docs/create-validate-signatures
// ECDSA is done at once (P-256 takes 0.06 ms, P-384 0.8 ms, as long as in OpenSSL itself); RSA takes milliseconds and goes to worker threads.
import { hash, type KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'
import { signingAlgorithm } from './algorithms.ts'
import { ecdsaSign } from './ecdsa.ts'
import { readPrivateKey } from './key-material.ts'
import type { RsaTask } from './rsa-worker.js'

/** Signs a digest with the PKCS#8 DER key of a version: ECDSA in DER, RSA as long as the modulus (PSS with a salt as long as the hash).
 * Throws an Error where the algorithm does not sign, or the key or the digest's length is not the algorithm's. */
export function signDigest(algorithm: string, privateKey: Buffer, digest: Uint8Array): Buffer | Promise<Buffer> {
  const row = signingAlgorithm(algorithm)
  if (digest.length !== DIGEST_BYTES[row.digest])
    throw new Error(`${algorithm} signs ${DIGEST_BYTES[row.digest]} bytes of ${row.digest}, not ${digest.length}.`)
  const { key, d } = parsedKey(algorithm, privateKey)
  if (row.scheme === 'ecdsa') return ecdsaSign(row.key.curve, d, digest)
  return rsaSign({
    key,
    modulusLength: row.key.modulusLength,
    scheme: row.scheme,
    digestName: row.digest,
    digest: new Uint8Array(digest), // a copy, because a Buffer's message would carry the whole slab that it is part of
  })
}

/** Hashes `data` with the algorithm's digest, then `signDigest`. */
export function signData(algorithm: string, privateKey: Buffer, data: Uint8Array): Buffer | Promise<Buffer> {
  return signDigest(algorithm, privateKey, hash(signingAlgorithm(algorithm).digest, data, 'buffer'))
}

/** Waits for signatures under way and ends the worker threads; the next RSA signature starts new ones. */
export async function closeSigning(): Promise<void> {
  const closing = pool
  pool = undefined
  await Promise.allSettled(underWay)
  await (await closing)?.destroy()
}

const DIGEST_BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const

/** Parsing takes as long as an ECDSA signature, so the keys used last are kept: at most 1,000, the oldest leaves first. */
const parsedKeys = new Map<string, { key: KeyObject; d: bigint }>()
const MAX_PARSED_KEYS = 1000

function parsedKey(algorithm: string, privateKey: Buffer): { key: KeyObject; d: bigint } {
  const id = algorithm + privateKey.toString('latin1')
  const known = parsedKeys.get(id)
  if (known) return known
  const key = readPrivateKey(algorithm, privateKey)
  const parsed = { key, d: privateExponent(key) }
  const [oldest] = parsedKeys.keys()
  if (oldest !== undefined && parsedKeys.size >= MAX_PARSED_KEYS) parsedKeys.delete(oldest)
  parsedKeys.set(id, parsed)
  return parsed
}

/** `d` of an EC key (the private scalar) as of an RSA key. */
function privateExponent(key: KeyObject): bigint {
  return BigInt(`0x${Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url').toString('hex')}`)
}

let pool: Promise<Piscina<RsaTask, Uint8Array>> | undefined
const underWay = new Set<Promise<unknown>>()

/** Threads end when idle and never keep the process alive; a signature under way does. */
async function openPool(): Promise<Piscina<RsaTask, Uint8Array>> {
  const { Piscina } = await import('piscina')
  return new Piscina({
    filename: new URL('./rsa-worker.js', import.meta.url).href,
    name: 'signRsa',
    minThreads: 0,
    maxThreads: availableParallelism(),
    concurrentTasksPerWorker: 2, // the next task is there when one ends: a quarter more signatures per second
    idleTimeout: 10_000,
    recordTiming: false,
  })
}

async function rsaSign(task: RsaTask): Promise<Buffer> {
  pool ??= openPool()
  const signing = pool.then((threads) => threads.run(task))
  underWay.add(signing)
  try {
    const signature = await signing
    return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength)
  } finally {
    underWay.delete(signing)
  }
}
