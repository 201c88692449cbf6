// Keys of service accounts (https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys). A private key leaves the
// emulator once, in the answer that creates it; the public key stays.
import { createHash, generateKeyPair } from 'node:crypto'
import { collection } from '../../core/collection.ts'
import { type Context, io } from '../../core/service.ts'
import { failedPrecondition, invalidArgument, notFound, unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/iam.v1.ts'
import { DISABLE_KEY_CREATION, isEnforced } from '../orgpolicy/index.ts'
import { KEY } from './names.ts'
import { currentServiceAccount } from './service-accounts.ts'

type Schemas = components['schemas']
type Key = Schemas['ServiceAccountKey']

const MAX_KEYS = 10
const MODULUS: Record<string, number> = { KEY_ALG_UNSPECIFIED: 2048, KEY_ALG_RSA_1024: 1024, KEY_ALG_RSA_2048: 2048 }

/** `publicKeyData` is the SPKI in PEM, in base64. */
const keys = (ctx: Context) => collection<Key>(ctx.db, 'iam_service_account_keys')

interface KeyPair {
  publicKey: string
  privateKey: string
}

const newKeyPair = (modulusLength: number) =>
  new Promise<KeyPair>((resolve, reject) =>
    generateKeyPair(
      'rsa',
      {
        modulusLength,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      },
      (error, publicKey, privateKey) => (error ? reject(error) : resolve({ publicKey, privateKey })),
    ),
  )

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Throws for what cannot have a new key. */
function checkCreation({ name, privateKeyType }: Schemas['CreateServiceAccountKeyRequest'], ctx: Context) {
  const account = currentServiceAccount(ctx, name)
  if (privateKeyType === 'TYPE_PKCS12_FILE') throw unimplemented('Private key type TYPE_PKCS12_FILE')
  if (account.disabled) throw failedPrecondition(`Service account ${account.email} is disabled.`)
  if (isEnforced(ctx, account.projectId!, DISABLE_KEY_CREATION))
    throw failedPrecondition(
      'Key creation is not allowed on this service account.',
      `constraints/${DISABLE_KEY_CREATION}`,
      `${account.name}?configvalue=${account.email}`,
    )
  if (keys(ctx).count(account.name!) >= MAX_KEYS) throw failedPrecondition('Precondition check failed.')
  return account
}

/** The file that client libraries read: Application Default Credentials. It asks Google's own host for tokens, which reaches the emulator
 * where that is the proxy of the client. */
function credentialsFile(
  { projectId, email = '', uniqueId }: Schemas['ServiceAccount'],
  privateKeyId: string,
  privateKey: string,
) {
  return {
    type: 'service_account',
    project_id: projectId,
    private_key_id: privateKeyId,
    private_key: privateKey,
    client_email: email,
    client_id: uniqueId,
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: 'googleapis.com',
  }
}

export const createServiceAccountKey = io(
  async (request: Schemas['CreateServiceAccountKeyRequest'], ctx: Context) => {
    checkCreation(request, ctx)
    const modulus = MODULUS[request.keyAlgorithm ?? 'KEY_ALG_UNSPECIFIED']
    if (!modulus) throw invalidArgument(`Invalid key_algorithm ${request.keyAlgorithm}.`)
    return newKeyPair(modulus)
  },
  (request, ctx, { publicKey, privateKey }): Key => {
    const account = checkCreation(request, ctx)
    const id = createHash('sha1').update(publicKey).digest('hex')
    const key: Key = {
      name: `${account.name}/keys/${id}`,
      keyAlgorithm: request.keyAlgorithm === 'KEY_ALG_RSA_1024' ? 'KEY_ALG_RSA_1024' : 'KEY_ALG_RSA_2048',
      publicKeyData: base64(publicKey),
      validAfterTime: `${ctx.timestamp().slice(0, 19)}Z`,
      validBeforeTime: '9999-12-31T23:59:59Z',
      keyOrigin: 'GOOGLE_PROVIDED',
      keyType: 'USER_MANAGED',
    }
    keys(ctx).insert(key.name!, account.name!, key, `${ctx.timestamp(9)} ${id}`)
    return {
      ...view(key),
      privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE',
      privateKeyData: base64(`${JSON.stringify(credentialsFile(account, id, privateKey), null, 2)}\n`),
    }
  },
)

const view = ({ publicKeyData: _, ...shown }: Key): Key => shown

/** The key, also by a name with `-` for the project. */
function currentKey(ctx: Context, name = ''): Key {
  const { serviceAccount, project, key } = KEY.match(name) ?? {}
  if (!key) throw invalidArgument(`Invalid key name "${name}": it is not of the form ${KEY.pattern}.`)
  const account = currentServiceAccount(ctx, `projects/${project}/serviceAccounts/${serviceAccount}`)
  const found = keys(ctx).get(`${account.name}/keys/${key}`)
  if (!found) throw notFound(`Service account key ${key} does not exist.`)
  return found
}

export function getServiceAccountKey({ name, publicKeyType }: Schemas['GetServiceAccountKeyRequest'], ctx: Context): Key {
  if (publicKeyType === 'TYPE_X509_PEM_FILE') throw unimplemented('Public key type TYPE_X509_PEM_FILE')
  const key = currentKey(ctx, name)
  return publicKeyType === 'TYPE_RAW_PUBLIC_KEY' ? key : view(key)
}

/** Keys that Google would manage itself there are none. */
export function listServiceAccountKeys(
  { name, keyTypes = [] }: Schemas['ListServiceAccountKeysRequest'],
  ctx: Context,
): Schemas['ListServiceAccountKeysResponse'] {
  const account = currentServiceAccount(ctx, name)
  const all = Array.from(keys(ctx).iterate(account.name!), ({ document }) => view(document))
  return { keys: keyTypes.length === 0 || keyTypes.includes('USER_MANAGED') ? all : [] }
}

export function deleteServiceAccountKey(
  { name }: Schemas['DeleteServiceAccountKeyRequest'],
  ctx: Context,
): Record<string, never> {
  keys(ctx).delete(currentKey(ctx, name).name!)
  return {}
}

const setDisabled =
  (disabled: boolean) =>
  ({ name }: { name?: string }, ctx: Context): Record<string, never> => {
    const { disabled: _, ...key } = currentKey(ctx, name)
    keys(ctx).update(key.name!, { ...key, ...(disabled && { disabled }) })
    return {}
  }

export const enableServiceAccountKey = setDisabled(false)
export const disableServiceAccountKey = setDisabled(true)
