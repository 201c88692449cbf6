// Resources and data sources of Artifact Registry as Terraform's google provider sends them
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/artifact_registry_repository).
import { operation, type Provider, unlessNotFound } from './provider.ts'
import { changed, type Fields, idOf, parentOf, type Resource } from './resource.ts'

const CHANGEABLE = [
  'description',
  'dockerConfig',
  'cleanupPolicies',
  'cleanupPolicyDryRun',
  'vulnerabilityScanningConfig',
  'labels',
]

export const repository: Resource = {
  type: 'google_artifact_registry_repository',
  fields: ['format', 'mode', 'description', 'dockerConfig', 'cleanupPolicies', 'cleanupPolicyDryRun', 'kmsKeyName'],
  filled: ['vulnerabilityScanningConfig.enablementConfig'],
  shared: ['labels'],
  needed: ['name', 'createTime', 'updateTime'],
  async create(provider, name, configuration) {
    const path = `${parentOf(name)}/repositories`
    const first = await provider.send('artifactRegistry', 'POST', path, { repository_id: idOf(name) }, configuration)
    await operation(provider, 'artifactRegistry', first)
    return name
  },
  read: (provider, id) => unlessNotFound(provider.send('artifactRegistry', 'GET', id)),
  update(provider, id, { format, mode, ...body }, state) {
    const updateMask = changed(CHANGEABLE, body, state).join(',')
    return provider.send('artifactRegistry', 'PATCH', id, { updateMask }, body)
  },
  async destroy(provider, { id }) {
    const first = await unlessNotFound(provider.send('artifactRegistry', 'DELETE', id))
    if (first) await operation(provider, 'artifactRegistry', first)
  },
}

/** data google_artifact_registry_docker_image: by digest, by tag, or the one that was updated last. */
export async function dockerImageData(provider: Provider, repository: string, image: string): Promise<Fields> {
  const [name = '', digest] = image.split('@')
  const [path = '', tag] = name.split(':')
  const id = encodeURIComponent(path)
  const images = `${repository}/dockerImages`
  if (digest) return provider.send('artifactRegistry', 'GET', `${images}/${id}@${digest}`)
  let pageToken: string | undefined
  do {
    const query = { orderBy: 'update_time desc', pageSize: '1000', ...(pageToken && { pageToken }) }
    const answer = await provider.send('artifactRegistry', 'GET', images, query)
    const found = (answer.dockerImages ?? []).find(
      (candidate: any) => candidate.name.includes(`/${id}@`) && (!tag || candidate.tags?.includes(tag)),
    )
    if (found) return found
    pageToken = answer.nextPageToken
  } while (pageToken)
  throw new Error('Requested image was not found.')
}
