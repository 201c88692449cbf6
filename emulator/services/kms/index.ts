// Cloud Key Management Service v1 (https://cloud.google.com/kms/docs/reference/rest).
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { Rpcs } from '../../gen/cloudkms.v1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { locationsMixin } from '../../mixins/locations.ts'
import { operationsMixin } from '../../mixins/operations.ts'
import { asymmetricSign } from './asymmetric-sign.ts'
import { CREATE_FIELDS, OUTPUT_ONLY_FIELDS } from './crypto-key-fields.ts'
import {
  createCryptoKeyVersion,
  destroyCryptoKeyVersion,
  getCryptoKeyVersion,
  listCryptoKeyVersions,
  OUTPUT_ONLY_VERSION_FIELDS,
  restoreCryptoKeyVersion,
  updateCryptoKeyVersion,
} from './crypto-key-versions.ts'
import {
  createCryptoKey,
  currentCryptoKey,
  getCryptoKey,
  listCryptoKeys,
  updateCryptoKey,
  updateCryptoKeyPrimaryVersion,
} from './crypto-keys.ts'
import { createKeyRing, getKeyRing, listKeyRings } from './key-rings.ts'
import { CRYPTO_KEY, IMPORT_JOB, KEY_RING } from './names.ts'
import { getPublicKey } from './public-keys.ts'

export { crc32c } from './crc32c.ts'
export { createCryptoKeyFromPem, findCryptoKey } from './crypto-keys.ts'
export { createKeyRing, getKeyRing } from './key-rings.ts'
export { getPublicKey } from './public-keys.ts'
export { signData } from './sign.ts'
export { findKeyMaterial } from './store.ts'

const resources: ResourceType[] = [
  { pattern: KEY_RING.pattern, permissions: 'cloudkms.keyRings', check: (name, ctx) => void getKeyRing({ name }, ctx) },
  { pattern: CRYPTO_KEY.pattern, permissions: 'cloudkms.cryptoKeys', check: (name, ctx) => void currentCryptoKey(name, ctx) },
  {
    pattern: IMPORT_JOB.pattern,
    permissions: 'cloudkms.importJobs',
    check(name) {
      throw notFound(`ImportJob ${name} not found.`) // none can be created
    },
  },
]

const list = ['parent', 'pageSize', 'pageToken', 'filter', 'orderBy']

const v1 = {
  'google.cloud.kms.v1.KeyManagementService': {
    CreateKeyRing: rpc(createKeyRing, 'parent', 'keyRingId', 'keyRing'),
    GetKeyRing: rpc(getKeyRing, 'name'),
    ListKeyRings: rpc(listKeyRings, ...list),
    CreateCryptoKey: rpc(
      createCryptoKey,
      ...['parent', 'cryptoKeyId', 'skipInitialVersionCreation'],
      ...[...CREATE_FIELDS, ...OUTPUT_ONLY_FIELDS].map((field) => `cryptoKey.${field}`),
    ),
    GetCryptoKey: rpc(getCryptoKey, 'name'),
    ListCryptoKeys: rpc(listCryptoKeys, ...list, 'versionView'),
    // the mask says which fields of the resource count; the operation refuses those that are not honoured
    UpdateCryptoKey: rpc(updateCryptoKey, 'cryptoKey', 'updateMask'),
    UpdateCryptoKeyPrimaryVersion: rpc(updateCryptoKeyPrimaryVersion, 'name', 'cryptoKeyVersionId'),
    CreateCryptoKeyVersion: rpc(
      createCryptoKeyVersion,
      ...['parent', ...['state', ...OUTPUT_ONLY_VERSION_FIELDS].map((field) => `cryptoKeyVersion.${field}`)],
    ),
    GetCryptoKeyVersion: rpc(getCryptoKeyVersion, 'name'),
    ListCryptoKeyVersions: rpc(listCryptoKeyVersions, ...list, 'view'),
    UpdateCryptoKeyVersion: rpc(updateCryptoKeyVersion, 'cryptoKeyVersion', 'updateMask'),
    DestroyCryptoKeyVersion: rpc(destroyCryptoKeyVersion, 'name'),
    RestoreCryptoKeyVersion: rpc(restoreCryptoKeyVersion, 'name'),
    GetPublicKey: rpc(getPublicKey, 'name', 'publicKeyFormat'),
    AsymmetricSign: rpc(
      asymmetricSign,
      ...['name', 'digest.sha256', 'digest.sha384', 'digest.sha512', 'digestCrc32c', 'data', 'dataCrc32c'],
    ),
  },
  'google.iam.v1.IAMPolicy': iamPolicyMixin(resources),
  ...locationsMixin,
  'google.longrunning.Operations': { GetOperation: operationsMixin['google.longrunning.Operations'].GetOperation },
} satisfies RpcsOf<Rpcs>

export const kms: Service = {
  name: 'kms',
  apis: { 'cloudkms.v1': v1 },
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}
