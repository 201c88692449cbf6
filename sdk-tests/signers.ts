// Who signs a payload: the openssl and gpg command lines, Python's cryptography, or node:crypto where it does not matter who.
import { constants, generateKeyPairSync, type SigningOptions, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PublicKey, Signature } from './attestations.ts'
import { run, succeed, temporaryFolder } from './commands.ts'

export interface Signer {
  publicKey: PublicKey & { id: string }
  sign(payload: Buffer): Promise<Signature>
}

const signer = (publicKey: Signer['publicKey'], signBytes: (payload: Buffer) => Promise<Buffer> | Buffer): Signer => ({
  publicKey,
  sign: async (payload) => ({ publicKeyId: publicKey.id, signature: await signBytes(payload) }),
})

const pkix = (id: string, publicKeyPem: string, signatureAlgorithm: string) => ({
  id,
  pkixPublicKey: { publicKeyPem, signatureAlgorithm },
})

/** An EC P-256 key of this process. */
export function newSigner(id = 'urn:test:key'): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return signer(pkix(id, pem, 'ECDSA_P256_SHA256'), (payload) => sign('sha256', payload, privateKey))
}

const PSS = constants.RSA_PKCS1_PSS_PADDING

/** How node:crypto makes the key of a signature algorithm, and signs with it. */
const NODE: Record<string, { key: { namedCurve: string } | { modulusLength: number }; hash: string; options?: SigningOptions }> =
  {
    ECDSA_P256_SHA256: { key: { namedCurve: 'P-256' }, hash: 'sha256' },
    ECDSA_P384_SHA384: { key: { namedCurve: 'P-384' }, hash: 'sha384' },
    ECDSA_P521_SHA512: { key: { namedCurve: 'P-521' }, hash: 'sha512' },
    RSA_PSS_2048_SHA256: { key: { modulusLength: 2048 }, hash: 'sha256', options: { padding: PSS, saltLength: 32 } },
    RSA_PSS_3072_SHA256: { key: { modulusLength: 3072 }, hash: 'sha256', options: { padding: PSS, saltLength: 32 } },
    RSA_PSS_4096_SHA512: { key: { modulusLength: 4096 }, hash: 'sha512', options: { padding: PSS, saltLength: 64 } },
    RSA_SIGN_PKCS1_2048_SHA256: { key: { modulusLength: 2048 }, hash: 'sha256' },
    RSA_SIGN_PKCS1_4096_SHA512: { key: { modulusLength: 4096 }, hash: 'sha512' },
  }

/** A key pair of node:crypto, which also signs with it, payloads and JWTs. */
export function nodeSigner(signatureAlgorithm: string): Signer & JwtSigner {
  const { key, hash, options } = NODE[signatureAlgorithm]!
  const { privateKey, publicKey } = 'namedCurve' in key ? generateKeyPairSync('ec', key) : generateKeyPairSync('rsa', key)
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const made = pkix(`urn:node:${signatureAlgorithm}`, pem, signatureAlgorithm)
  return {
    ...signer(made, (payload) => sign(hash, payload, { key: privateKey, ...options })),
    signJwt: async (digest) => {
      const signed = unsignedJwt(made.id, signatureAlgorithm, digest)
      return compact(signed, sign(hash, signed, { key: privateKey, ...options, dsaEncoding: 'ieee-p1363' }))
    },
  }
}

export interface JwtSigner {
  /** A compact JWT that approves a digest. */
  signJwt(digest: string): Promise<string>
}

/** The `alg` of RFC 7518 for a signature algorithm. */
function algOf(signatureAlgorithm: string): string {
  const [, kind, bits] = /^(ECDSA|RSA_PSS|RSA_SIGN_PKCS1)_.*SHA(\d+)$/.exec(signatureAlgorithm)!
  return { ECDSA: 'ES', RSA_PSS: 'PS', RSA_SIGN_PKCS1: 'RS' }[kind!]! + bits
}

/** Header and claims as Kritis describes them (https://github.com/grafeas/kritis/blob/master/pkg/attestlib/jwt.go). */
function unsignedJwt(kid: string, signatureAlgorithm: string, digest: string): Buffer {
  const claims = { sub: `container:digest:${digest}`, aud: '//binaryauthorization.googleapis.com', attestationType: 'claimless' }
  const parts = [{ typ: 'JWT', alg: algOf(signatureAlgorithm), kid }, claims]
  return Buffer.from(parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.'))
}

const compact = (signed: Buffer, signature: Buffer) => `${signed}.${signature.toString('base64url')}`

/** How Google's instructions call openssl for a signature algorithm: options of genpkey, hash, options of dgst. */
const OPENSSL: Record<string, { key: string[]; hash: string; options: string[] }> = {
  ECDSA_P256_SHA256: ec('P-256', 'sha256'),
  ECDSA_P384_SHA384: ec('P-384', 'sha384'),
  ECDSA_P521_SHA512: ec('P-521', 'sha512'),
  RSA_PSS_2048_SHA256: rsa(2048, 'sha256', 'pss'),
  RSA_PSS_3072_SHA256: rsa(3072, 'sha256', 'pss'),
  RSA_PSS_4096_SHA256: rsa(4096, 'sha256', 'pss'),
  RSA_PSS_4096_SHA512: rsa(4096, 'sha512', 'pss'),
  RSA_SIGN_PKCS1_2048_SHA256: rsa(2048, 'sha256', 'pkcs1'),
  RSA_SIGN_PKCS1_3072_SHA256: rsa(3072, 'sha256', 'pkcs1'),
  RSA_SIGN_PKCS1_4096_SHA256: rsa(4096, 'sha256', 'pkcs1'),
  RSA_SIGN_PKCS1_4096_SHA512: rsa(4096, 'sha512', 'pkcs1'),
}

function ec(curve: string, hash: string) {
  return { key: ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`], hash, options: [] }
}

function rsa(bits: number, hash: string, padding: 'pss' | 'pkcs1') {
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1']
  return { key: ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`], hash, options: padding === 'pss' ? pss : [] }
}

/** A key pair of openssl, which also signs with it. */
export async function opensslSigner(signatureAlgorithm: string): Promise<Signer> {
  const { key, hash, options } = OPENSSL[signatureAlgorithm]!
  const file = join(temporaryFolder(), 'key.pem')
  await succeed('openssl', ['genpkey', ...key, '-out', file])
  const { stdout: pem } = await succeed('openssl', ['pkey', '-in', file, '-pubout'])
  return signer(
    pkix(`urn:openssl:${signatureAlgorithm}`, pem, signatureAlgorithm),
    async (payload) => (await succeed('openssl', ['dgst', `-${hash}`, '-sign', file, ...options], { input: payload })).bytes,
  )
}

/** A GnuPG home of its own. `close` ends its agent. */
export async function gpgHome(keyType: string) {
  const home = temporaryFolder()
  const env = { ...process.env, GNUPGHOME: home }
  const gpg = (args: string[], input?: Buffer) => succeed('gpg', ['--batch', '--yes', '--quiet', ...args], { env, input })
  const user = 'attestor@example.com'
  await gpg(['--passphrase', '', '--pinentry-mode', 'loopback', '--quick-generate-key', user, keyType, 'sign', 'never'])
  const { stdout: listing } = await gpg(['--with-colons', '--list-keys', user])
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)![1]!
  const { stdout: armored } = await gpg(['--armor', '--export', user])
  return {
    fingerprint,
    armored,
    exported: async () => (await gpg(['--armor', '--export', user])).stdout,
    /** Adds a subkey that signs; resolves with its fingerprint. */
    addSubkey: async (subkeyType: string) => {
      await gpg(['--passphrase', '', '--pinentry-mode', 'loopback', '--quick-add-key', fingerprint, subkeyType, 'sign', 'never'])
      const { stdout } = await gpg(['--with-colons', '--with-subkey-fingerprints', '--list-keys', user])
      return [...stdout.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].at(-1)![1]!
    },
    /** `--detach-sign`, or `--sign` for a message that holds what is signed. */
    sign: async (payload: Buffer, how: '--detach-sign' | '--sign', ...options: string[]) =>
      (await gpg(['--armor', ...options, '--output', '-', how], payload)).bytes,
    close: () => run('gpgconf', ['--kill', 'all'], { env }),
  }
}

/** Python's cryptography: how each algorithm's key is made and what `sign` takes beside the payload. */
const PYTHON: Record<string, { key: string; sign: string }> = {
  ECDSA_P256_SHA256: { key: 'ec.generate_private_key(ec.SECP256R1())', sign: 'ec.ECDSA(hashes.SHA256())' },
  ECDSA_P384_SHA384: { key: 'ec.generate_private_key(ec.SECP384R1())', sign: 'ec.ECDSA(hashes.SHA384())' },
  ECDSA_P521_SHA512: { key: 'ec.generate_private_key(ec.SECP521R1())', sign: 'ec.ECDSA(hashes.SHA512())' },
  RSA_PSS_2048_SHA256: {
    key: 'rsa.generate_private_key(65537, 2048)',
    sign: 'padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256()',
  },
  RSA_PSS_4096_SHA512: {
    key: 'rsa.generate_private_key(65537, 4096)',
    sign: 'padding.PSS(padding.MGF1(hashes.SHA512()), padding.PSS.DIGEST_LENGTH), hashes.SHA512()',
  },
  RSA_SIGN_PKCS1_2048_SHA256: { key: 'rsa.generate_private_key(65537, 2048)', sign: 'padding.PKCS1v15(), hashes.SHA256()' },
}

const PYTHON_IMPORTS = `
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
`

export const hasPythonCryptography = async () =>
  (await run('python3', ['-c', PYTHON_IMPORTS]).catch(() => ({ code: 1 }))).code === 0

/** A key pair of Python's cryptography, which also signs with it, payloads and JWTs. */
export async function pythonSigner(signatureAlgorithm: string): Promise<Signer & JwtSigner> {
  const { key, sign: how } = PYTHON[signatureAlgorithm]!
  const file = join(temporaryFolder(), 'key.pem')
  const python = (code: string, input?: Buffer) => succeed('python3', ['-c', `${PYTHON_IMPORTS}${code}`, file], { input })
  const pem = ['serialization.Encoding.PEM', 'serialization.PrivateFormat.PKCS8', 'serialization.NoEncryption()'].join(', ')
  await python(`open(sys.argv[1], 'wb').write(${key}.private_bytes(${pem}))`)
  const load = `key = serialization.load_pem_private_key(open(sys.argv[1], 'rb').read(), None)\n`
  const spki = 'serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo'
  const { stdout } = await python(`${load}sys.stdout.buffer.write(key.public_key().public_bytes(${spki}))`)
  const made = pkix(`urn:python:${signatureAlgorithm}`, stdout, signatureAlgorithm)
  const bytesOf = async (payload: Buffer, form = 'signature') => {
    const code = `${load}signature = key.sign(sys.stdin.buffer.read(), ${how})\nsys.stdout.buffer.write(${form})`
    return (await python(code, payload)).bytes
  }
  const sideBySide = `b''.join(n.to_bytes((key.key_size + 7) // 8, 'big') for n in decode_dss_signature(signature))`
  return {
    ...signer(made, (payload) => bytesOf(payload)),
    signJwt: async (digest) => {
      const signed = unsignedJwt(made.id, signatureAlgorithm, digest)
      return compact(signed, await bytesOf(signed, signatureAlgorithm.startsWith('ECDSA') ? sideBySide : 'signature'))
    },
  }
}

/** Does openssl verify a signature over `data` with a public key in PEM? */
export async function opensslVerifies(
  pem: string,
  { hash, pss }: { hash: string; pss?: boolean },
  data: Buffer,
  signature: Buffer,
): Promise<boolean> {
  const folder = temporaryFolder()
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const options = pss ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1'] : []
  const args = ['dgst', `-${hash}`, '-verify', file('public.pem', pem), '-signature', file('signature', signature), ...options]
  const { code, stdout } = await run('openssl', [...args, file('data', data)])
  return code === 0 && stdout.trim() === 'Verified OK'
}
