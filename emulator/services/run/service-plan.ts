// What a write of a service would do, and what of it must be judged: a function of the request and the store alone. It is made before
// Binary Authorization is asked, and again when its answer is there.
import { checkEtag } from '../../core/etag.ts'
import { idOf } from '../../core/names.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists } from '../../core/status.ts'
import { conditionOf, type Failure, failureOf } from './conditions.ts'
import { type FoundImages, findImages } from './images.ts'
import { type Question, question } from './judge.ts'
import { checkRegion, resourceNotFound } from './metadata.ts'
import { SERVICE } from './names.ts'
import { checkServicePolicies } from './organization-policies.ts'
import { same } from './same.ts'
import { type Desired, desiredService, isOptedIn } from './service-fields.ts'
import type { Knative, Service, StoredRevision, StoredService } from './shapes.ts'
import { revisions, services } from './store.ts'
import { newlyServed, resolvedTargets } from './traffic.ts'
import { checkId, type Refuse } from './violations.ts'

export interface ServiceWrite {
  /** Full name of the service. */
  name: string
  /** Which services it is for: a new one, one that exists, either. */
  when: 'MISSING' | 'EXISTING' | 'ANY'
  etag?: string
  /** Check, and write nothing. */
  validateOnly?: boolean
  /** How a field is refused. */
  refuse: Refuse
  /** All that the service is to be, given what it is; asked again where that has changed meanwhile. */
  desired(current: StoredService | undefined): { service: Service; knative?: Knative }
}

export interface Plan {
  current?: StoredService
  desired: Desired
  knative: Knative
  /** The revision that the template makes, unless the template is as it was. `name` where the user gives one. */
  made?: FoundImages & { name?: string }
  /** Other revisions that gain traffic, and the latest where Binary Authorization has denied it and governs it no more. */
  gaining: StoredRevision[]
  /** A revision in `traffic` that is not there. */
  missing?: string
  /** By the name of a revision, NEW for that which is made. */
  questions: Map<string, Question>
}

/** Stands for the revision that is made, as long as it has no name. */
export const NEW = ''

/** The service as it would be, with the errors of the API. */
export function plan({ name, when, etag, refuse, desired: wanted }: ServiceWrite, ctx: Context): Plan {
  const { location, service: id, project } = SERVICE.parse(name)
  const current = services(ctx).get(name)
  if (when === 'MISSING' && current) throw alreadyExists(`Resource '${id}' already exists.`)
  if (when === 'EXISTING' && !current) throw resourceNotFound('service', name)
  if (!current) {
    checkRegion(location)
    checkId(id, 'service_id')
  }
  checkEtag(etag, current?.etag, `The etag of service ${name} is not the current one: get the service again.`)
  const { service, knative = current?.internal.knative ?? {} } = wanted(current)
  const desired = desiredService(service, name, refuse, ctx)
  checkServicePolicies(desired, { name, isNew: !current, knative }, ctx)
  const made = isNewTemplate(current, desired, knative) ? revisionToMake(name, desired, ctx) : undefined
  const latest = made ? (made.name ?? NEW) : (current?.latestCreatedRevision ?? NEW)
  const targets = resolvedTargets(desired.traffic!, name, latest)
  const others = newlyServed(targets, current?.internal ?? { serving: [] }).filter((each) => each !== (made?.name ?? NEW))
  const freed = made || isOptedIn(desired.binaryAuthorization) ? undefined : deniedLatest(current)
  const gaining = [...new Set([...others, ...(freed ? [freed] : [])])].map((each) => revisions(ctx).get(each))
  const absent = targets.find(({ revision = '' }) => revision !== (made?.name ?? NEW) && !exists(revision, current, ctx))
  const planned: Plan = {
    current,
    desired,
    knative,
    made,
    gaining: gaining.filter((each) => each !== undefined),
    missing: absent?.revision,
    questions: new Map(),
  }
  if (isOptedIn(desired.binaryAuthorization)) askAbout(planned, { project, location })
  return planned
}

/** What serves cannot be deleted. */
const exists = (revision: string, current: StoredService | undefined, ctx: Context) =>
  current?.internal.serving.some((target) => target.revision === revision) || revisions(ctx).get(revision) !== undefined

/** Each new revision is judged, and each that gains traffic, whatever was said of it before. */
function askAbout({ desired, made, gaining, missing, questions }: Plan, where: { project: string; location: string }) {
  const settings = desired.binaryAuthorization!
  if (made && !made.failure)
    questions.set(made.name ?? NEW, question(where, settings, desired.template!.containers!, made.images))
  if (missing === undefined)
    for (const { name = '', containers = [], conditions, internal } of gaining)
      if (!isBroken(failureOf(conditionOf(conditions, 'Ready'))))
        questions.set(name, question(where, settings, containers, internal.images))
}

/** It cannot run, whatever a policy says. */
export const isBroken = (failure: Failure | undefined) => failure?.reason === 'REVISION_FAILED'

/** The latest revision, if it is not ready and could run. */
function deniedLatest(current: StoredService | undefined): string | undefined {
  const failure = failureOf(conditionOf(current?.conditions, 'ConfigurationsReady'))
  return failure && !isBroken(failure) ? current!.latestCreatedRevision : undefined
}

/** A template makes a revision where it is another one, or names another revision. */
function isNewTemplate(current: StoredService | undefined, desired: Desired, knative: Knative): boolean {
  if (!current) return true
  const { revision, ...template } = desired.template!
  const { revision: before, ...templateBefore } = current.template!
  const { annotations: _, labels: __, ...ofTemplate } = knative
  const { annotations: ___, labels: ____, ...ofTemplateBefore } = current.internal.knative
  if (revision && idOf(revision) !== idOf(before ?? '') && idOf(revision) !== idOf(current.latestCreatedRevision ?? ''))
    return true
  return !same(template, templateBefore) || !same(ofTemplate, ofTemplateBefore)
}

function revisionToMake(service: string, { template }: Desired, ctx: Context): Plan['made'] {
  const name = template!.revision && `${service}/revisions/${idOf(template!.revision)}`
  if (name && revisions(ctx).get(name))
    throw alreadyExists(`Revision named '${idOf(name)}' with different configuration already exists.`)
  return { ...findImages(template!.containers!, ctx), ...(name && { name }) }
}
