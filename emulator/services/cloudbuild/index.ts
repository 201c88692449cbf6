// Cloud Build v1 (https://cloud.google.com/build/docs/api/reference/rest), and of Cloud Storage what `gcloud builds submit` asks.
import { type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/cloudbuild.v1.ts'
import { bucketRoutes } from './buckets.ts'
import { BUILD_FIELDS, OUTPUT_ONLY_FIELDS } from './build-fields.ts'
import { cancelBuild, cancelOperation, getBuild, getOperation, listBuilds, retryBuild } from './builds.ts'
import { createBuild } from './create-build.ts'
import { objectRoutes } from './objects.ts'

const v1 = {
  'google.devtools.cloudbuild.v1.CloudBuild': {
    CreateBuild: rpc(
      createBuild,
      ...['parent', 'projectId'],
      ...[...BUILD_FIELDS, ...OUTPUT_ONLY_FIELDS].map((field) => `build.${field}`),
    ),
    GetBuild: rpc(getBuild, 'name', 'projectId', 'id'),
    ListBuilds: rpc(listBuilds, 'parent', 'projectId', 'pageSize', 'pageToken', 'filter'),
    CancelBuild: rpc(cancelBuild, 'name', 'projectId', 'id'),
    RetryBuild: rpc(retryBuild, 'name', 'projectId', 'id'),
  },
  'google.longrunning.Operations': { GetOperation: rpc(getOperation, 'name'), CancelOperation: rpc(cancelOperation, 'name') },
} satisfies RpcsOf<Rpcs>

export const cloudbuild: Service = {
  name: 'cloudbuild',
  hosts: ['storage.googleapis.com'],
  apis: { 'cloudbuild.v1': v1 },
  routes: [...bucketRoutes, ...objectRoutes],
  migrations: new URL('./migrations/', import.meta.url),
}
