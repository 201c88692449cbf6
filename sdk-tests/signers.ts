// Who signs a payload: the openssl and gpg command lines, Python's cryptography, or node:crypto where it does not matter who.
import { generateKeyPairSync, sign } from 'node:crypto'
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

/** How Google's instructions call openssl for a signature algorithm: options of genpkey, hash, options of dgst. */
const OPENSSL: Record<string, { key: string[]; hash: string; options: string[] }> = {
  ECDSA_P256_SHA256: ec('P-256', 'sha256'),
  ECDSA_P384_SHA384: ec('P-384', 'sha384'),
  ECDSA_P521_SHA512: ec('P-521', 'sha512'),
  RSA_PSS_2048_SHA256: rsa(2048, 'sha256', 'pss'),
  RSA_PSS_3072_SHA256: rsa(3072, 'sha256', 'pss'),
  RSA_PSS_4096_SHA512: rsa(4096, 'sha512', 'pss'),
  RSA_SIGN_PKCS1_2048_SHA256: rsa(2048, 'sha256', 'pkcs1'),
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
    /** `--detach-sign`, or `--sign` for a message that holds what is signed. */
    sign: async (payload: Buffer, how: '--detach-sign' | '--sign', ...options: string[]) =>
      (await gpg(['--armor', ...options, '--output', '-', how], payload)).bytes,
    close: () => run('gpgconf', ['--kill', 'all'], { env }),
  }
}

/** Python's cryptography: how each algorithm's key is made and what `sign` takes beside the payload. */
const PYTHON: Record<string, { key: string; sign: string }> = {
  ECDSA_P256_SHA256: { key: 'ec.generate_private_key(ec.SECP256R1())', sign: 'ec.ECDSA(hashes.SHA256())' },
  RSA_PSS_2048_SHA256: {
    key: 'rsa.generate_private_key(65537, 2048)',
    sign: 'padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256()',
  },
  RSA_SIGN_PKCS1_2048_SHA256: { key: 'rsa.generate_private_key(65537, 2048)', sign: 'padding.PKCS1v15(), hashes.SHA256()' },
}

const PYTHON_IMPORTS = `
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
`

export const hasPythonCryptography = async () =>
  (await run('python3', ['-c', PYTHON_IMPORTS]).catch(() => ({ code: 1 }))).code === 0

/** A key pair of Python's cryptography, which also signs with it. */
export async function pythonSigner(signatureAlgorithm: string): Promise<Signer> {
  const { key, sign: how } = PYTHON[signatureAlgorithm]!
  const file = join(temporaryFolder(), 'key.pem')
  const python = (code: string, input?: Buffer) => succeed('python3', ['-c', `${PYTHON_IMPORTS}${code}`, file], { input })
  const pem = ['serialization.Encoding.PEM', 'serialization.PrivateFormat.PKCS8', 'serialization.NoEncryption()'].join(', ')
  await python(`open(sys.argv[1], 'wb').write(${key}.private_bytes(${pem}))`)
  const load = `key = serialization.load_pem_private_key(open(sys.argv[1], 'rb').read(), None)\n`
  const spki = 'serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo'
  const { stdout } = await python(`${load}sys.stdout.buffer.write(key.public_key().public_bytes(${spki}))`)
  return signer(
    pkix(`urn:python:${signatureAlgorithm}`, stdout, signatureAlgorithm),
    async (payload) => (await python(`${load}sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ${how}))`, payload)).bytes,
  )
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
