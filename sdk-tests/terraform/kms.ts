// Resources and data sources of Cloud KMS as Terraform's google provider sends them
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/kms_crypto_key).
import { ApiError, type Provider, unlessNotFound } from './provider.ts'
import { changed, type Fields, idOf, parentOf, type Resource } from './resource.ts'

const read = (provider: Provider, id: string) => unlessNotFound(provider.send('kms', 'GET', id))

export const keyRing: Resource = {
  type: 'google_kms_key_ring',
  fields: [],
  needed: ['name'],
  async create(provider, name) {
    await provider.send('kms', 'POST', `${parentOf(name)}/keyRings`, { keyRingId: idOf(name) })
    return name
  },
  read,
  // it goes from the state alone
  destroy: async () => {},
}

export const cryptoKey: Resource = {
  type: 'google_kms_crypto_key',
  fields: ['purpose', 'rotationPeriod'],
  filled: ['versionTemplate', 'destroyScheduledDuration', 'importOnly', 'cryptoKeyBackend'],
  shared: ['labels'],
  needed: ['name', 'purpose', 'versionTemplate.algorithm', 'versionTemplate.protectionLevel'],
  async create(provider, name, configuration) {
    const query = { cryptoKeyId: idOf(name), skipInitialVersionCreation: 'false' }
    await provider.send('kms', 'POST', `${parentOf(name)}/cryptoKeys`, query, withNextRotation(configuration))
    return name
  },
  read,
  update(provider, id, { rotationPeriod, versionTemplate, labels }, state) {
    const paths = changed(['rotationPeriod', 'versionTemplate', 'labels'], { rotationPeriod, versionTemplate, labels }, state)
    const updateMask = paths.map((path) => MASKS[path] ?? path).join(',')
    return provider.send('kms', 'PATCH', id, { updateMask }, withNextRotation({ rotationPeriod, versionTemplate, labels }))
  },
  async destroy(provider, { id, configuration }) {
    // the first page, of whatever size
    const { cryptoKeyVersions = [] } = await provider.client('kms', 'GET', `${id}/cryptoKeyVersions`)
    for (const { name, state } of cryptoKeyVersions)
      if (!['DESTROYED', 'DESTROY_SCHEDULED'].includes(state)) await provider.client('kms', 'POST', `${name}:destroy`, {}, {})
    if (configuration.rotationPeriod)
      await provider.client(
        'kms',
        'PATCH',
        id,
        { updateMask: MASKS.rotationPeriod! },
        { rotationPeriod: null, nextRotationTime: null },
      )
  },
}

const MASKS: Record<string, string> = {
  rotationPeriod: 'rotationPeriod,nextRotationTime',
  versionTemplate: 'versionTemplate.algorithm',
}

/** The provider works out itself when the first rotation is due. */
const withNextRotation = (key: Fields) =>
  key.rotationPeriod
    ? { ...key, nextRotationTime: new Date(Date.now() + Number.parseFloat(key.rotationPeriod) * 1000).toISOString() }
    : key

/** `name` at its creation is that of the key. */
export const cryptoKeyVersion: Resource = {
  type: 'google_kms_crypto_key_version',
  fields: [],
  filled: ['state'],
  needed: ['name', 'state', 'protectionLevel', 'generateTime', 'algorithm'],
  async create(provider, key, configuration) {
    return (await provider.send('kms', 'POST', `${key}/cryptoKeyVersions`, {}, configuration)).name
  },
  read,
  update: (provider, id, { state }) => provider.send('kms', 'PATCH', id, { updateMask: 'state' }, { state }),
  destroy: (provider, { id }) => provider.send('kms', 'POST', `${id}:destroy`),
}

/** data google_kms_crypto_key_version; its id is what people make the id of an attestor's key. */
export async function cryptoKeyVersionData(provider: Provider, name: string): Promise<Fields> {
  const version = await provider.send('kms', 'GET', name)
  return { id: `//cloudkms.googleapis.com/v1/${name}`, ...(await withPublicKey(provider, version)) }
}

/** data google_kms_crypto_key_versions: all of them, and the public key of the first. */
export async function cryptoKeyVersionsData(provider: Provider, key: string, filter?: string) {
  const versions = await all(provider, `${key}/cryptoKeyVersions`, 'cryptoKeyVersions', filter)
  return { versions, first: versions[0] && (await withPublicKey(provider, versions[0])) }
}

/** data google_kms_crypto_key_latest_version: the last one of the list. */
export async function latestVersionData(provider: Provider, key: string, filter?: string) {
  const versions = await all(provider, `${key}/cryptoKeyVersions`, 'cryptoKeyVersions', filter)
  return withPublicKey(provider, versions.at(-1)!)
}

/** data google_kms_key_rings, data google_kms_crypto_keys. */
export const keyRingsData = (provider: Provider, location: string, filter?: string) =>
  all(provider, `${location}/keyRings`, 'keyRings', filter)
export const cryptoKeysData = (provider: Provider, ring: string, filter?: string) =>
  all(provider, `${ring}/cryptoKeys`, 'cryptoKeys', filter)

async function all(provider: Provider, path: string, collection: string, filter?: string): Promise<Fields[]> {
  const items: Fields[] = []
  let pageToken: string | undefined
  do {
    const answer = await provider.send('kms', 'GET', path, { ...(filter && { filter }), ...(pageToken && { pageToken }) })
    items.push(...(answer[collection] ?? []))
    pageToken = answer.nextPageToken
  } while (pageToken)
  return items
}

async function withPublicKey(provider: Provider, version: Fields): Promise<Fields> {
  const { purpose } = await provider.send('kms', 'GET', parentOf(version.name))
  if (!purpose.startsWith('ASYMMETRIC_')) return version
  return { ...version, publicKey: await publicKey(provider, version.name) }
}

/** It is asked for until it has been generated. */
async function publicKey(provider: Provider, version: string): Promise<Fields> {
  for (;;) {
    try {
      return await provider.send('kms', 'GET', `${version}/publicKey`)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 400 || !error.body.includes('PENDING_GENERATION')) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
