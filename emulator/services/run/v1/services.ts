// Services, configurations and routes (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services).
import type { Context } from '../../../core/service.ts'
import type { components } from '../../../gen/run.v1.ts'
import { around } from '../around.ts'
import { SERVICE } from '../names.ts'
import { deleteService as deleteStored, getService as getStored, type ServiceWrite, writeService } from '../services.ts'
import type { StoredService } from '../shapes.ts'
import { violation } from './annotations.ts'
import { listOf } from './lists.ts'
import { checkedMetadata, checkVersion, deletedStatus, LOCATION_LABEL } from './metadata.ts'
import { addressOf, DEFAULT_REGION, fullName, placeOf, rowsOf } from './places.ts'
import { refusalsOf } from './refusals.ts'
import { configurationToV1, routeToV1, serviceFromV1, serviceToV1 } from './service-shape.ts'

type Schemas = components['schemas']

/** `all` or nothing. */
export function isDryRun({ dryRun = '' }: { dryRun?: string }): boolean {
  if (!['', 'all'].includes(dryRun)) throw violation('dryRun', 'must be all')
  return dryRun === 'all'
}

function writeOf(
  name: string,
  when: ServiceWrite['when'],
  request: { service?: Schemas['Service']; dryRun?: string },
): ServiceWrite {
  const { service = {} } = request
  return {
    name,
    when,
    validateOnly: isDryRun(request),
    refuse: refusalsOf('Service'),
    desired(current) {
      if (current) checkVersion(service.metadata ?? {}, current)
      return serviceFromV1(service)
    },
  }
}

function creation(request: Schemas['CreateServiceRequest'], ctx: Context): ServiceWrite {
  const { parent, service = {} } = request
  const { project, location } = placeOf(parent, ctx)
  const { name, labels } = checkedMetadata(service, 'Service', project, ctx)
  if (!name) throw violation('metadata.name', 'should be set')
  const region = location ?? labels?.[LOCATION_LABEL] ?? DEFAULT_REGION
  return writeOf(SERVICE.format({ project, location: region, service: name }), 'MISSING', request)
}

function replacement(request: Schemas['ReplaceServiceRequest'], ctx: Context): ServiceWrite {
  const { name, service = {} } = request
  const { project, id } = addressOf(name, ctx)
  checkedMetadata(service, 'Service', project, ctx, id)
  return writeOf(fullName('Service', name, ctx), 'EXISTING', request)
}

export const createService = around(writeService, creation, serviceToV1)
/** A whole service in place of what there is. */
export const replaceService = around(writeService, replacement, serviceToV1)

const stored = (name: string | undefined, ctx: Context) => getStored(fullName('Service', name, ctx), ctx)

export const getService = ({ name }: Schemas['GetServiceRequest'], ctx: Context) => serviceToV1(stored(name, ctx), ctx)

/** Its name in v1 is that of the service. */
export const getConfiguration = ({ name }: Schemas['GetConfigurationRequest'], ctx: Context) =>
  configurationToV1(stored(name, ctx), ctx)

export const getRoute = ({ name }: Schemas['GetRouteRequest'], ctx: Context) => routeToV1(stored(name, ctx), ctx)

const list =
  <T extends { metadata: Schemas['ObjectMeta'] }>(
    kind: 'Service' | 'Configuration' | 'Route',
    toV1: (service: StoredService, ctx: Context) => T,
  ) =>
  (request: Schemas['ListServicesRequest'], ctx: Context) =>
    listOf(kind, request, rowsOf<StoredService>('run_services', placeOf(request.parent, ctx), ctx), (one) => toV1(one, ctx))

export const listServices = list('Service', serviceToV1)
export const listConfigurations = list('Configuration', configurationToV1)
export const listRoutes = list('Route', routeToV1)

export function deleteService(request: Schemas['DeleteServiceRequest'], ctx: Context): Schemas['Status'] {
  const name = fullName('Service', request.name, ctx)
  return deletedStatus('Service', deleteStored({ name, validateOnly: isDryRun(request) }, ctx))
}
