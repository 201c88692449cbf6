// The key file of a service account, as Google's client libraries read it for Application Default Credentials
// (https://cloud.google.com/iam/docs/keys-create-delete). It is of use at an emulator alone: nothing of it is known to Google.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'

export interface PrivateKey {
  /** PKCS#8. */
  privateKeyPem: string
  /** 40 hexadecimal digits; the same for the same key. */
  privateKeyId: string
}

/** A new RSA key of 2048 bits. */
export function newPrivateKey(): PrivateKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { privateKeyPem, privateKeyId: privateKeyIdOf(privateKeyPem) }
}

/** Throws for what is no PEM of a private key. */
export const privateKeyIdOf = (privateKeyPem: string) =>
  createHash('sha1')
    .update(createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' }))
    .digest('hex')

export interface ServiceAccount {
  /** Project id. */
  project: string
  /** `emulator@PROJECT.iam.gserviceaccount.com` unless given. */
  email?: string
  /** Where a client asks for tokens: `<URL of the emulator>/token`. */
  tokenUri: string
}

/** The content of the key file. `client_id` is the `sub` of the account's ID tokens. */
export function serviceAccountKey({ project, email, tokenUri }: ServiceAccount, privateKeyPem: string, privateKeyId: string) {
  const [id, domain] = project.split(':').reverse() // `example.com:app` has app.example.com in its addresses
  const client_email = email ?? `emulator@${domain ? `${id}.${domain}` : id}.iam.gserviceaccount.com`
  const hash = BigInt(`0x${createHash('sha256').update(client_email).digest('hex')}`)
  return {
    type: 'service_account',
    project_id: project,
    private_key_id: privateKeyId,
    private_key: privateKeyPem,
    client_email,
    client_id: `1${String(hash % 10n ** 20n).padStart(20, '0')}`,
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: tokenUri,
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(client_email)}`,
    universe_domain: 'googleapis.com',
  }
}
