// Services and revisions of the Cloud Run Admin API v2: the stored documents, and operations around what writes them.
import { page } from '../../core/collection.ts'
import { applyMask, checkMask, maskPaths } from '../../core/field-mask.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/run.v2.ts'
import type { LongrunningOperation } from '../../mixins/operations.ts'
import { around } from './around.ts'
import { failureOf } from './conditions.ts'
import { checkRegion, LIST_LIMITS } from './metadata.ts'
import { LOCATION, SERVICE } from './names.ts'
import { checkedOnly, operation } from './operations.ts'
import { isReconciling, statusNow } from './reconciling.ts'
import { deleteRevision, getRevision, revisionsFrom } from './revisions.ts'
import { MUTABLE_FIELDS, OUTPUT_ONLY_FIELDS } from './service-fields.ts'
import { deleteService, getService, type ServiceWrite, servicesFrom, writeService } from './services.ts'
import {
  type Revision,
  type Service,
  type ServiceStatus,
  type StoredRevision,
  type StoredService,
  withoutInternal,
} from './shapes.ts'
import { services } from './store.ts'
import { checkNoSystemKeys, type Refuse, violationIn } from './violations.ts'

type Schemas = components['schemas']

const TRANSIENT = [
  'observedGeneration',
  'conditions',
  'latestReadyRevision',
  'latestCreatedRevision',
  'trafficStatuses',
  'uri',
] as const

/** The service before it is reconciled: of its status what was there before, which for a new one is nothing. */
function pendingService(service: Service, before: ServiceStatus | undefined): Service {
  const { etag, ...rest } = service
  const pending: Service = { ...rest, reconciling: true, etag }
  for (const field of TRANSIENT) {
    delete pending[field]
    if (before?.[field] !== undefined) (pending as Record<string, unknown>)[field] = before[field]
  }
  const { type, lastTransitionTime } = before?.terminalCondition ?? {}
  pending.terminalCondition = { type, state: 'CONDITION_PENDING', lastTransitionTime }
  return pending
}

function shownService(stored: StoredService, ctx: Context): Service {
  const service = withoutInternal(stored)
  if (!isReconciling(stored.updateTime, ctx)) return service
  const pending = pendingService(service, statusNow(stored, ctx))
  return { ...pending, terminalCondition: { ...pending.terminalCondition, type: 'Ready', state: 'CONDITION_RECONCILING' } }
}

const shownRevision = (stored: StoredRevision): Revision => withoutInternal(stored)

/** What v1 has set beyond v2 may stay in an update; nothing of it may be sent. */
function checkSent(service: Service, refuse: Refuse) {
  checkNoSystemKeys(service, refuse)
  checkNoSystemKeys(service.template ?? {}, (path, why) => refuse(`template.${path}`, why))
}

function creation(
  { parent, serviceId, service = {}, validateOnly }: Schemas['CreateServiceRequest'],
  _ctx: Context,
): ServiceWrite {
  const { project, location } = LOCATION.parse(parent, 'parent')
  const refuse = violationIn('CreateServiceRequest', 'service')
  if (!serviceId) throw violationIn('CreateServiceRequest', '')('service_id', 'should not be empty.')
  checkSent(service, refuse)
  const name = SERVICE.format({ project, location, service: serviceId })
  return { name, when: 'MISSING', validateOnly, refuse, desired: () => ({ service }) }
}

function update(
  { service = {}, updateMask, validateOnly, allowMissing }: Schemas['UpdateServiceRequest'],
  _ctx: Context,
): ServiceWrite {
  const refuse = violationIn('UpdateServiceRequest', 'service')
  const paths = maskPaths(updateMask).filter((path) => path !== '*')
  const accepted = [...MUTABLE_FIELDS, ...OUTPUT_ONLY_FIELDS, 'etag']
  checkMask(paths, accepted, (path) => `Violation in UpdateServiceRequest.update_mask: the field "${path}" cannot be updated.`)
  const changed = paths.filter((path) => MUTABLE_FIELDS.some((field) => path === field || path.startsWith(`${field}.`)))
  checkSent(service, refuse)
  const name = service.name ?? ''
  SERVICE.parse(name, 'service.name')
  const desired = (current: StoredService | undefined) => ({
    // without a mask all is replaced
    service: current && paths.length > 0 ? applyMask(current as Service, service, changed) : service,
  })
  return { name, when: allowMissing ? 'ANY' : 'EXISTING', etag: service.etag, validateOnly, refuse, desired }
}

/** What of the store a write is to remember for the answer. */
function before({ name }: ServiceWrite, ctx: Context): ServiceStatus | undefined {
  const service = services(ctx).get(name)
  return service && statusNow(service, ctx)
}

function written(stored: StoredService, ctx: Context, { validateOnly }: { validateOnly?: boolean }, known?: ServiceStatus) {
  const service = withoutInternal(stored)
  if (validateOnly) return checkedOnly('Service', service)
  const pending = pendingService(service, known)
  if (!known) delete pending.ingress
  return operation({ kind: 'Service', pending, done: service, failure: failureOf(service.terminalCondition) }, ctx)
}

export const createServiceV2 = around(writeService, creation, written, before)
export const updateServiceV2 = around(writeService, update, written, before)

export const getServiceV2 = ({ name = '' }: Schemas['GetServiceRequest'], ctx: Context): Service =>
  shownService(getService(name, ctx), ctx)

/** The project and region in which a list is asked for, which v2 takes one of only. */
export function checkParent(parent: string | undefined) {
  const { location } = LOCATION.parse(parent, 'parent')
  if (location === '-')
    throw invalidArgument('Violation in parent: the location must be a region, and cannot be the "-" wildcard.')
  checkRegion(location)
}

export function listServicesV2(request: Schemas['ListServicesRequest'], ctx: Context): Schemas['ListServicesResponse'] {
  const { parent = '' } = request
  checkParent(parent)
  const { items, nextPageToken } = page((after) => servicesFrom(ctx, parent, after), request, LIST_LIMITS, {
    parent,
    view: (stored) => shownService(stored, ctx),
  })
  return { services: items, nextPageToken }
}

export function deleteServiceV2(request: Schemas['DeleteServiceRequest'], ctx: Context): LongrunningOperation {
  const known = request.validateOnly ? undefined : services(ctx).get(request.name ?? '')
  const service = withoutInternal(deleteService(request, ctx))
  if (request.validateOnly) return checkedOnly('Service', service)
  const { etag, terminalCondition } = service
  const done: Service = {
    ...service,
    observedGeneration: service.generation,
    terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED', lastTransitionTime: service.updateTime },
  }
  const pending: Service = {
    ...service,
    observedGeneration: known?.observedGeneration,
    terminalCondition: { ...terminalCondition, state: 'CONDITION_PENDING' },
    reconciling: true,
    etag,
  }
  return operation({ kind: 'Service', pending, done }, ctx)
}

export const getRevisionV2 = ({ name = '' }: Schemas['GetRevisionRequest'], ctx: Context): Revision =>
  shownRevision(getRevision(name, ctx))

export function listRevisionsV2(request: Schemas['ListRevisionsRequest'], ctx: Context): Schemas['ListRevisionsResponse'] {
  const { parent = '' } = request
  const { service } = SERVICE.parse(parent, 'parent')
  if (service !== '-') getService(parent, ctx)
  const { items, nextPageToken } = page((after) => revisionsFrom(ctx, parent, after), request, LIST_LIMITS, {
    parent,
    view: shownRevision,
  })
  return { revisions: items, nextPageToken }
}

export function deleteRevisionV2(request: Schemas['DeleteRevisionRequest'], ctx: Context): LongrunningOperation {
  const revision = withoutInternal(deleteRevision(request, ctx))
  if (request.validateOnly) return checkedOnly('Revision', revision)
  return operation({ kind: 'Revision', pending: { ...revision, reconciling: true }, done: revision }, ctx)
}
