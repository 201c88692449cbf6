// Services (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services). They are written in service-write.ts.
import { checkEtag } from '../../core/etag.ts'
import { idOf, parentOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { deletedNow, resourceNotFound } from './metadata.ts'
import { SERVICE } from './names.ts'
import type { StoredService } from './shapes.ts'
import { deleteChildren, documentsOf, services } from './store.ts'

export type { ServiceWrite } from './service-plan.ts'
export { writeService } from './service-write.ts'

/** The service, or NOT_FOUND. */
export function getService(name: string, ctx: Context): StoredService {
  SERVICE.parse(name)
  const service = services(ctx).get(name)
  if (!service) throw resourceNotFound('service', name)
  return service
}

/** Services of a location, or of all locations (`projects/P/locations/-`), by name. */
export const servicesFrom = (ctx: Context, location: string, after = '') =>
  idOf(location) === '-'
    ? documentsOf<StoredService>(ctx, 'run_services', parentOf(location), after)
    : services(ctx).iterate(location, after)

/** Deletes the service, its revisions and its IAM policy; answers it as it was, with the time of deletion. */
export function deleteService(
  { name = '', etag, validateOnly }: { name?: string; etag?: string; validateOnly?: boolean },
  ctx: Context,
): StoredService {
  const service = getService(name, ctx)
  checkEtag(etag, service.etag, `The etag of service ${name} is not the current one: get the service again.`)
  if (!validateOnly) {
    services(ctx).delete(name)
    deleteChildren(ctx, 'run_revisions', name)
    deleteIamPolicy(ctx, name)
  }
  return deletedNow(service, name, ctx)
}
