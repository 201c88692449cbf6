// What organization policies say of a service or job as it is to be: asked at each create, update and replace, before an image is looked at
// (https://cloud.google.com/run/docs/securing/custom-constraints, https://cloud.google.com/binary-authorization/docs/run/requiring-binauthz-cloud-run).
import type { Context } from '../../core/service.ts'
import { checkAllowedBinaryAuthorizationPolicies, checkCustomConstraints } from '../orgpolicy/index.ts'
import type { Desired } from './service-fields.ts'
import type { BinaryAuthorization, Job, Knative } from './shapes.ts'
import { jobToV1 } from './v1/job-shape.ts'
import type { ObjectMeta } from './v1/metadata.ts'
import { serviceToV1 } from './v1/service-shape.ts'

interface Asked {
  /** Full name of the service or job. */
  name: string
  /** Is there none yet? */
  isNew: boolean
  knative: Knative
}

/** Throws FAILED_PRECONDITION where a policy of the project refuses what the service is to be, whatever part of it has changed. */
export function checkServicePolicies(desired: Desired, { name, isNew, knative }: Asked, ctx: Context) {
  const project = projectOf(name)
  checkAllowed(desired.binaryAuthorization, project, isNew ? 'CreateService' : 'ReplaceService', ctx)
  const object = serviceToV1({ name, ...desired, internal: { knative, configurationGeneration: 0, serving: [] } }, ctx)
  checkConstraints('run.googleapis.com/Service', object, { name, isNew, project }, ctx)
}

/** The same for a job. */
export function checkJobPolicies(desired: Job, { name, isNew, knative }: Asked, ctx: Context) {
  const project = projectOf(name)
  checkAllowed(desired.binaryAuthorization, project, isNew ? 'CreateJob' : 'ReplaceJob', ctx)
  const object = jobToV1({ name, ...desired, internal: { knative } }, ctx)
  checkConstraints('run.googleapis.com/Job', object, { name, isNew, project }, ctx)
}

const projectOf = (name: string) => name.split('/')[1]!

function checkAllowed(settings: BinaryAuthorization | undefined, project: string, method: string, ctx: Context) {
  const value = settings?.useDefault ? 'default' : settings?.policy || undefined
  checkAllowedBinaryAuthorizationPolicies(ctx, project, value, method)
}

/** Conditions see what v1 shows of what a user can set. */
function checkConstraints(
  type: string,
  { apiVersion, kind, metadata, spec }: { apiVersion: string; kind: string; metadata: ObjectMeta; spec: object },
  { name, isNew, project }: { name: string; isNew: boolean; project: string },
  ctx: Context,
) {
  const { name: id, namespace, annotations, labels } = metadata
  const resource = { apiVersion, kind, metadata: { name: id, namespace, annotations, labels }, spec }
  checkCustomConstraints(ctx, project, { type, method: isNew ? 'CREATE' : 'UPDATE', name, resource })
}
