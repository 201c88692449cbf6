// Service Usage v1 (https://cloud.google.com/service-usage/docs/reference/rest).
import { type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/serviceusage.v1.ts'
import { LIST_OPERATIONS, operationsMixin } from '../../mixins/operations.ts'
import { listOperations } from './operations.ts'
import { batchEnableServices, batchGetServices, disableService, enableService, getService, listServices } from './services.ts'

const v1 = {
  'google.api.serviceusage.v1.ServiceUsage': {
    EnableService: rpc(enableService, 'name'),
    DisableService: rpc(disableService, 'name', 'disableDependentServices', 'checkIfServiceHasUsage'),
    GetService: rpc(getService, 'name'),
    ListServices: rpc(listServices, 'parent', 'pageSize', 'pageToken', 'filter'),
    BatchEnableServices: rpc(batchEnableServices, 'parent', 'serviceIds'),
    BatchGetServices: rpc(batchGetServices, 'parent', 'names'),
  },
  'google.longrunning.Operations': {
    ...operationsMixin['google.longrunning.Operations'],
    ListOperations: rpc(listOperations, ...LIST_OPERATIONS),
  },
} satisfies RpcsOf<Rpcs>

export const serviceusage: Service = {
  name: 'serviceusage',
  apis: { 'serviceusage.v1': v1 },
  migrations: new URL('./migrations/', import.meta.url),
}
