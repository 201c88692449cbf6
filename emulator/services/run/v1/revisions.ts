// Revisions (https://cloud.google.com/run/docs/reference/rest/v1/namespaces.revisions).
import { idOf, parentOf } from '../../../core/names.ts'
import type { Context } from '../../../core/service.ts'
import type { components } from '../../../gen/run.v1.ts'
import { deleteRevision as deleteStored, getRevision as getStored } from '../revisions.ts'
import type { StoredRevision } from '../shapes.ts'
import { services } from '../store.ts'
import { conditionsToV1 } from './conditions.ts'
import { ingressContainer } from './container-annotations.ts'
import { defined } from './fields.ts'
import { listOf } from './lists.ts'
import { authors, deletedStatus, objectOf } from './metadata.ts'
import { fullName, placeOf, rowsOf } from './places.ts'
import { uidOfPart } from './service-shape.ts'
import { isDryRun } from './services.ts'
import { revisionToV1 } from './templates.ts'

type Schemas = components['schemas']

export function revisionToObject(revision: StoredRevision, ctx: Context) {
  const { name = '', conditions, logUri, internal } = revision
  const { knative, configurationGeneration, images } = internal
  const service = services(ctx).get(parentOf(name))
  const id = idOf(parentOf(name))
  const { annotations, labels, spec } = revisionToV1(revision, knative.annotations, knative.labels)
  const isRouted = service?.internal.serving.some((target) => target.revision === name)
  const object = objectOf('Revision', revision, ctx, {
    annotations: { ...annotations, ...authors({ creator: revision.creator }, 'serving.knative.dev') },
    labels: defined({
      ...labels,
      'serving.knative.dev/configuration': id,
      'serving.knative.dev/configurationGeneration': String(configurationGeneration),
      'serving.knative.dev/service': id,
      'serving.knative.dev/serviceUid': service?.uid as string,
      'serving.knative.dev/route': isRouted ? id : (undefined as unknown as string),
    }),
    ownerReferences: [
      {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Configuration',
        name: id,
        uid: uidOfPart(service ?? {}, 'Configuration'),
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  })
  const { image = '' } = ingressContainer(revision)
  const status: Schemas['RevisionStatus'] = defined({
    observedGeneration: object.metadata.generation,
    conditions: conditionsToV1(conditions),
    imageDigest: Object.hasOwn(images, image) ? images[image] : undefined,
    logUrl: logUri,
    serviceName: id,
  })
  return { ...object, spec, status } satisfies Schemas['Revision']
}

export const getRevision = ({ name }: Schemas['GetRevisionRequest'], ctx: Context) =>
  revisionToObject(getStored(fullName('Revision', name, ctx), ctx), ctx)

export const listRevisions = (request: Schemas['ListRevisionsRequest'], ctx: Context) =>
  listOf('Revision', request, rowsOf<StoredRevision>('run_revisions', placeOf(request.parent, ctx), ctx), (one) =>
    revisionToObject(one, ctx),
  )

export function deleteRevision(request: Schemas['DeleteRevisionRequest'], ctx: Context): Schemas['Status'] {
  const name = fullName('Revision', request.name, ctx)
  return deletedStatus('Revision', deleteStored({ name, validateOnly: isDryRun(request) }, ctx))
}
