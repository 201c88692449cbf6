// Artifact Registry v1 (https://cloud.google.com/artifact-registry/docs/reference/rest).
import { type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs } from '../../gen/artifactregistry.v1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { locationsMixin } from '../../mixins/locations.ts'
import { operationsMixin } from '../../mixins/operations.ts'
import { getDockerImage, listDockerImages } from './docker-images.ts'
import { REPOSITORY } from './names.ts'
import { deletePackage, getPackage, listPackages } from './packages.ts'
import { getProjectSettings } from './project-settings.ts'
import { postImage } from './register-image.ts'
import {
  createRepository,
  deleteRepository,
  getRepository,
  listRepositories,
  storedRepository,
  updateRepository,
} from './repositories.ts'
import { CREATE_FIELDS, MUTABLE_FIELDS, OUTPUT_ONLY_FIELDS } from './repository-fields.ts'
import { createTag, deleteTag, getTag, listTags, updateTag } from './tags.ts'
import { deleteVersion, getVersion, listVersions } from './versions.ts'

export { getDockerImage } from './docker-images.ts'
export { registerImage } from './register-image.ts'
export { type ResolvedImage, resolveImage } from './resolve-image.ts'
export { getTag } from './tags.ts'

const resources: ResourceType[] = [
  {
    pattern: REPOSITORY.pattern,
    permissions: 'artifactregistry.repositories',
    check: (name, ctx) => void storedRepository(name, ctx),
  },
]

const list = ['parent', 'pageSize', 'pageToken']

const v1 = {
  'google.devtools.artifactregistry.v1.ArtifactRegistry': {
    CreateRepository: rpc(
      createRepository,
      ...['parent', 'repositoryId'],
      ...[...CREATE_FIELDS, ...MUTABLE_FIELDS, ...OUTPUT_ONLY_FIELDS].map((field) => `repository.${field}`),
    ),
    GetRepository: rpc(getRepository, 'name'),
    ListRepositories: rpc(listRepositories, ...list, 'filter', 'orderBy'),
    // the mask says which fields of the resource count; the operation refuses those that are not honoured
    UpdateRepository: rpc(updateRepository, 'repository', 'updateMask'),
    DeleteRepository: rpc(deleteRepository, 'name'),
    ListDockerImages: rpc(listDockerImages, ...list, 'orderBy'),
    GetDockerImage: rpc(getDockerImage, 'name'),
    ListPackages: rpc(listPackages, ...list, 'filter', 'orderBy'),
    GetPackage: rpc(getPackage, 'name'),
    DeletePackage: rpc(deletePackage, 'name'),
    ListVersions: rpc(listVersions, ...list, 'filter', 'orderBy', 'view'),
    GetVersion: rpc(getVersion, 'name', 'view'),
    DeleteVersion: rpc(deleteVersion, 'name', 'force'),
    ListTags: rpc(listTags, ...list, 'filter'),
    GetTag: rpc(getTag, 'name'),
    CreateTag: rpc(createTag, 'parent', 'tagId', 'tag'),
    UpdateTag: rpc(updateTag, 'tag', 'updateMask'),
    DeleteTag: rpc(deleteTag, 'name'),
    GetProjectSettings: rpc(getProjectSettings, 'name'),
    ...iamPolicyMixin(resources),
  },
  ...locationsMixin,
  'google.longrunning.Operations': { GetOperation: operationsMixin['google.longrunning.Operations'].GetOperation },
} satisfies RpcsOf<Rpcs>

export const artifactregistry: Service = {
  name: 'artifactregistry',
  apis: { 'artifactregistry.v1': v1 },
  routes: [{ method: 'POST', path: '/_emulator/images', run: postImage }],
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}
