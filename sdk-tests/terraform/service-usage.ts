// google_project_service: the requests to Service Usage that Terraform's google provider sends for it, through a client of google-api-go
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_service).
import { type Provider, poll } from './provider.ts'
import type { Fields } from './resource.ts'

/** The services that are enabled, by their ids. */
export async function enabledServices(provider: Provider, project: string): Promise<string[]> {
  const query = { filter: 'state:ENABLED', fields: 'services/name,nextPageToken', pageSize: '200' }
  const services: Fields[] = []
  let pageToken: string | undefined
  do {
    const path = `projects/${project}/services`
    const answer = await provider.client('serviceUsage', 'GET', path, { ...query, ...(pageToken && { pageToken }) })
    services.push(...(answer.services ?? []))
    pageToken = answer.nextPageToken
  } while (pageToken)
  return services.map(({ name }) => name.split('/').at(-1))
}

/** One by itself, several in one request. Rejects where they are not in the list of the enabled ones then. */
export async function enableServices(provider: Provider, project: string, services: string[]) {
  const current = await enabledServices(provider, project)
  const missing = services.filter((service) => !current.includes(service))
  const first =
    missing.length === 1
      ? await provider.client('serviceUsage', 'POST', `projects/${project}/services/${missing[0]}:enable`, {}, {})
      : await provider.client('serviceUsage', 'POST', `projects/${project}/services:batchEnable`, {}, { serviceIds: missing })
  await wait(provider, first)
  const enabled = await enabledServices(provider, project)
  if (services.some((service) => !enabled.includes(service))) throw new Error(`Not enabled: ${services} of ${enabled}`)
}

/** Where disable_on_destroy is set. */
export async function disableService(provider: Provider, project: string, service: string) {
  const body = { disableDependentServices: false }
  await wait(provider, await provider.client('serviceUsage', 'POST', `projects/${project}/services/${service}:disable`, {}, body))
}

async function wait(provider: Provider, first: Fields) {
  const done = await poll(
    first,
    (answer) => answer.done === true,
    () => provider.client('serviceUsage', 'GET', first.name),
  )
  if (done.error) throw new Error(done.error.message)
}
