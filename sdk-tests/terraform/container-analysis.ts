// Resources of Container Analysis as Terraform's google provider sends them
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/container_analysis_note).
import { type Provider, unlessNotFound } from './provider.ts'
import { changed, type Fields, idOf, parentOf, type Resource } from './resource.ts'

const read = (provider: Provider, id: string) => unlessNotFound(provider.send('containerAnalysis', 'GET', id))

const PLAIN = ['shortDescription', 'longDescription', 'relatedUrl', 'expirationTime', 'relatedNoteNames']

/** The provider sets what is not configured to null. */
const noteBody = ({ attestation = null, ...fields }: Fields) => ({ ...fields, attestation })

export const note: Resource = {
  type: 'google_container_analysis_note',
  fields: [...PLAIN, 'attestation'],
  needed: ['name', 'kind', 'createTime', 'updateTime'],
  // both are sets
  same: ({ relatedUrl = [], relatedNoteNames = [], ...rest }) => ({
    ...rest,
    relatedUrl: [...relatedUrl].sort((a, b) => a.url.localeCompare(b.url)),
    relatedNoteNames: [...relatedNoteNames].sort(),
  }),
  async create(provider, name, configuration) {
    const body = { name: idOf(name), ...noteBody(configuration) }
    await provider.send('containerAnalysis', 'POST', `${parentOf(name)}/notes`, { noteId: idOf(name) }, body)
    return name
  },
  read,
  update(provider, id, planned, state) {
    // the mask has the name that the field had in v1beta1, the body that of v1
    const paths = changed([...PLAIN, 'attestation'], planned, state).map((path) =>
      path === 'attestation' ? 'attestationAuthority' : path,
    )
    return provider.send('containerAnalysis', 'PATCH', id, { updateMask: paths.join(',') }, noteBody(planned))
  },
  destroy: (provider, { id }) => unlessNotFound(provider.send('containerAnalysis', 'DELETE', id)),
}

/** `name` at its creation is that of the project. */
export const occurrence: Resource = {
  type: 'google_container_analysis_occurrence',
  fields: ['resourceUri', 'noteName', 'remediation', 'attestation'],
  needed: ['name', 'kind', 'createTime', 'updateTime'],
  async create(provider, project, configuration) {
    const { name } = await provider.send('containerAnalysis', 'POST', `${project}/occurrences`, {}, configuration)
    return `${project}/occurrences/${idOf(name)}`
  },
  read,
  update(provider, id, { noteName, remediation, attestation }, state) {
    const updateMask = changed(['remediation', 'attestation'], { remediation, attestation }, state).join(',')
    return provider.send('containerAnalysis', 'PATCH', id, { updateMask }, { noteName, remediation, attestation })
  },
  destroy: (provider, { id }) => unlessNotFound(provider.send('containerAnalysis', 'DELETE', id)),
}
