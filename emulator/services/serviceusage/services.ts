// Services of a project, enabled or not (https://cloud.google.com/service-usage/docs/reference/rest/v1/services).
// Names carry the project's number, whichever of id and number the request had.
import { collection, page } from '../../core/collection.ts'
import { canonicalProject, projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { type Code, errorInfo, invalidArgument, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/serviceusage.v1.ts'
import { finishedOperation, type LongrunningOperation } from '../../mixins/operations.ts'
import { CATALOGUE, withNeeds } from './catalogue.ts'
import { CONSUMER, SERVICE } from './names.ts'

type Schemas = components['schemas']
type Service = Schemas['Service']

const TYPE = 'type.googleapis.com/google.api.serviceusage.v1'
const MAX_ENABLE = 20
const MAX_GET = 30

const enabledServices = (ctx: Context) => collection<object>(ctx.db, 'serviceusage_services')

function consumerOf(project: string, ctx: Context): string {
  if (project === '-') throw invalidArgument('The consumer must be one project, not "projects/-".')
  return `projects/${projectNumber(ctx.db, project)}`
}

const isEnabled = (project: string, service: string, ctx: Context) =>
  enabledServices(ctx).get(SERVICE.format({ project, service })) !== undefined

/** What an operation answers of a service: the configuration is part of lists and gets only. */
function stateOf(project: string, service: string, ctx: Context): Service {
  const parent = consumerOf(project, ctx)
  return { name: `${parent}/services/${service}`, parent, state: isEnabled(project, service, ctx) ? 'ENABLED' : 'DISABLED' }
}

function serviceOf(project: string, service: string, ctx: Context): Service {
  const { name, parent, state } = stateOf(project, service, ctx)
  return { name, parent, config: { name: service, title: CATALOGUE.get(service)!.title }, state }
}

/** Service Usage's own errors name what is wrong twice: as a query string in PreconditionFailure, and in ErrorInfo. */
function usageError(
  code: Code,
  message: string,
  errorCode: number,
  reason: string,
  service: string | undefined,
  services: string[],
) {
  const named = service ? [`service_name=${service}`] : []
  const subject = `?${[`error_code=${errorCode}`, ...named, ...services.map((id) => `services=${id}`)].join('&')}`
  return new StatusError(code, message, [
    { '@type': 'type.googleapis.com/google.rpc.PreconditionFailure', violations: [{ type: 'googleapis.com', subject }] },
    errorInfo(reason, 'serviceusage.googleapis.com', {
      ...(service && { service_name: service }),
      services: services.join(','),
    }),
  ])
}

/** A service that does not exist cannot be told from one that the caller may not see: both are PERMISSION_DENIED. */
function checkKnown(services: string[]) {
  const unknown = services.filter((service) => !CATALOGUE.has(service))
  const message = `Not found or permission denied for service(s): ${unknown.join(', ')}.`
  if (unknown.length > 0)
    throw usageError('PERMISSION_DENIED', message, 220002, 'SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED', undefined, unknown)
}

/** Enables the services and what they need; false where nothing changed. */
function enable(project: string, services: string[], ctx: Context): boolean {
  const parent = CONSUMER.format({ project })
  const added = [...new Set(services.flatMap(withNeeds))].filter((service) =>
    enabledServices(ctx).insert(SERVICE.format({ project, service }), parent, {}),
  )
  return added.length > 0
}

function operation(project: string, type: string, response: object, changed: boolean, ctx: Context): LongrunningOperation {
  const result = { response: { '@type': `${TYPE}.${type}`, ...response } }
  // what was so already is answered by an operation that nobody can look up
  if (!changed) return { name: 'operations/noop.DONE_OPERATION', done: true, ...result }
  const id = `acf.p2-${projectNumber(ctx.db, project)}-${ctx.ids.uuid()}`
  return finishedOperation(ctx, '', id, { metadata: { '@type': `${TYPE}.OperationMetadata` }, ...result })
}

export function enableService({ name }: Schemas['EnableServiceRequest'], ctx: Context): LongrunningOperation {
  const { project, service } = SERVICE.parse(name)
  consumerOf(project, ctx)
  checkKnown([service])
  const changed = enable(project, [service], ctx)
  return operation(project, 'EnableServiceResponse', { service: stateOf(project, service, ctx) }, changed, ctx)
}

/** All or nothing: an unknown service among them enables none. */
export function batchEnableServices(
  { parent, serviceIds = [] }: Schemas['BatchEnableServicesRequest'],
  ctx: Context,
): LongrunningOperation {
  const { project } = CONSUMER.parse(parent, 'parent')
  consumerOf(project, ctx)
  if (serviceIds.length === 0) throw invalidArgument('No services were specified to enable.')
  if (serviceIds.length > MAX_ENABLE)
    throw invalidArgument(`A single request can enable at most ${MAX_ENABLE} services, ${serviceIds.length} were specified.`)
  checkKnown(serviceIds)
  const changed = enable(project, serviceIds, ctx)
  const services = serviceIds.map((service) => stateOf(project, service, ctx))
  return operation(project, 'BatchEnableServicesResponse', { services }, changed, ctx)
}

/** Usage is not recorded here, so `CHECK` of checkIfServiceHasUsage never finds any. */
export function disableService(
  { name, disableDependentServices = false }: Schemas['DisableServiceRequest'],
  ctx: Context,
): LongrunningOperation {
  const { project, service } = SERVICE.parse(name)
  const consumer = consumerOf(project, ctx)
  checkKnown([service])
  if (!isEnabled(project, service, ctx))
    throw new StatusError('FAILED_PRECONDITION', `The service ${service} is not enabled for ${consumer}.`)
  const dependents = [...CATALOGUE.keys()].filter(
    (other) => other !== service && withNeeds(other).includes(service) && isEnabled(project, other, ctx),
  )
  if (dependents.length > 0 && !disableDependentServices)
    throw usageError(
      'FAILED_PRECONDITION',
      `The service ${service} is depended on by the following active service(s): ${dependents.join(',')}; Please specify disable_dependent_services=true if you want to proceed with disabling all services.`,
      100001,
      'COMMON_SU_SERVICE_HAS_DEPENDENT_SERVICES',
      service,
      dependents,
    )
  for (const each of [service, ...dependents]) enabledServices(ctx).delete(SERVICE.format({ project, service: each }))
  return operation(project, 'DisableServiceResponse', { service: stateOf(project, service, ctx) }, true, ctx)
}

export function getService({ name }: Schemas['GetServiceRequest'], ctx: Context): Service {
  const { project, service } = SERVICE.parse(name)
  consumerOf(project, ctx)
  checkKnown([service])
  return serviceOf(project, service, ctx)
}

export function batchGetServices(
  { parent, names = [] }: Schemas['BatchGetServicesRequest'],
  ctx: Context,
): Schemas['BatchGetServicesResponse'] {
  if (names.length === 0)
    throw new StatusError('INVALID_ARGUMENT', 'No names were specified.', [
      errorInfo('SU_MISSING_NAMES', 'serviceusage.googleapis.com', {}),
    ])
  if (names.length > MAX_GET)
    throw invalidArgument(`A single request can get at most ${MAX_GET} services, ${names.length} were specified.`)
  // the dispatcher turns numbers into ids in single names only
  const wanted = names.map((name) => SERVICE.parse(canonicalProject(ctx.db, name, false), 'names'))
  for (const { project } of wanted)
    if (parent && CONSUMER.format({ project }) !== parent)
      throw invalidArgument(`The parent of all names must be ${parent}, as the request says.`)
  checkKnown(wanted.map(({ service }) => service))
  return { services: wanted.map(({ project, service }) => serviceOf(project, service, ctx)) }
}

/** All services of the catalogue, by name. Of filters the API has `state:ENABLED` and `state:DISABLED`. */
export function listServices(request: Schemas['ListServicesRequest'], ctx: Context): Schemas['ListServicesResponse'] {
  const { parent = '' } = request
  const { project } = CONSUMER.parse(parent, 'parent')
  consumerOf(project, ctx)
  const { items, nextPageToken } = page(
    (after) => [...CATALOGUE.keys()].filter((id) => id > after).map((id) => ({ position: id, document: id })),
    request,
    { default: 50, max: 200 },
    { parent, view: (id) => serviceOf(project, id, ctx), filterOptions: { known: ['state'] } },
  )
  return { services: items, nextPageToken }
}
