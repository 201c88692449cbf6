// Cloud Key Management Service v1 (https://cloud.google.com/kms/docs/reference/rest).
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/cloudkms.v1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { locationsMixin } from '../../mixins/locations.ts'
import { operationsMixin } from '../../mixins/operations.ts'
import { createKeyRing, getKeyRing, listKeyRings } from './key-rings.ts'
import { KEY_RING } from './names.ts'

const resources: ResourceType[] = [
  { pattern: KEY_RING.pattern, permissions: 'cloudkms.keyRings', check: (name, ctx) => void getKeyRing({ name }, ctx) },
]

const v1 = {
  'google.cloud.kms.v1.KeyManagementService': {
    CreateKeyRing: rpc(createKeyRing, 'parent', 'keyRingId', 'keyRing'),
    GetKeyRing: rpc(getKeyRing, 'name'),
    ListKeyRings: rpc(listKeyRings, 'parent', 'pageSize', 'pageToken', 'filter', 'orderBy'),
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
