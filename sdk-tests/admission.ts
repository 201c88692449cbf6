// What a cluster does: it posts a review of what is to run to the webhook, and acts on the answer.
// AdmissionReview: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/.
import { randomUUID } from 'node:crypto'
import type { Emulator } from './emulator.ts'

export const CLUSTER = { location: 'europe-west2', cluster: 'prod' }

export const NO_VALID_ATTESTATION = 'No attestations found that were valid and signed by a key trusted by the attestor'
export const NOT_BY_DIGEST = 'Expected digest with sha256 scheme, but got tag or malformed digest'

export interface PodOptions {
  name?: string
  namespace?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** Anything of spec beside the one container that runs the image. */
  spec?: Record<string, unknown>
}

export const container = (image: string, name = 'app') => ({ name, image })

export const pod = (image: string, { name = 'app', namespace = 'default', labels, annotations, spec }: PodOptions = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels, annotations },
  spec: { containers: [container(image)], ...spec },
})

/** The request of a review as the API server sends it, about a Pod unless `change` says otherwise. */
export const podReview = (object: any, change: Record<string, unknown> = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: randomUUID(),
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    requestKind: { group: '', version: 'v1', kind: 'Pod' },
    requestResource: { group: '', version: 'v1', resource: 'pods' },
    name: object?.metadata?.name,
    namespace: object?.metadata?.namespace,
    operation: 'CREATE',
    userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    ...change,
  },
})

export const imageReview = (images: string[], annotations?: Record<string, string>, namespace = 'default') => ({
  apiVersion: 'imagepolicy.k8s.io/v1alpha1',
  kind: 'ImageReview',
  spec: { containers: images.map((image) => ({ image })), annotations, namespace },
})

/** Posts a review to the webhook of the project's cluster. */
export const postReview = (emulator: Emulator, project: string, review: object, { location, cluster } = CLUSTER) =>
  emulator.call('POST', `/admission/projects/${project}/locations/${location}/clusters/${cluster}`, review)

export interface Admitted {
  /** `response` of the AdmissionReview, without its uid. */
  response: any
  /** The decision that the review has left, with the tree. */
  decision: any
  /** The last step of the first image: the one that decided. */
  step: any
}

/** Asks whether a Pod may be created (or what `change` says), and looks up why. */
export async function admit(
  emulator: Emulator,
  project: string,
  object: object,
  change?: Record<string, unknown>,
): Promise<Admitted> {
  const review = podReview(object, change)
  const { apiVersion, kind, response } = await postReview(emulator, project, review)
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview' || response.uid !== review.request.uid)
    throw new Error(`The answer is not that of the review ${review.request.uid}: ${JSON.stringify(response)}`)
  const { uid, ...rest } = response
  const { decisions } = await emulator.call('GET', `/_emulator/decisions?project=${project}`)
  const decision = decisions.find((candidate: any) => candidate.uid === uid)
  return { response: rest, decision, step: decision?.images[0].steps.at(-1) }
}

/** The whole response for a Pod with one image that attestors have not attested. */
export function deniedByAttestors(
  image: string,
  attestors: string[],
  reason = NO_VALID_ATTESTATION,
  rule = 'default admission rule',
) {
  const refusals = attestors.map((attestor) => `Image ${image} denied by attestor ${attestor}: ${reason}`)
  return denied(
    `Image ${image} denied by Binary Authorization ${rule}. ${refusals.join('. ')}`,
    refusals.map((refusal) => `'${image}' : ${refusal}\n`).join(''),
  )
}

/** The whole response of a denial, with one cause for each image. */
export const denied = (message: string, ...causes: string[]) => ({
  allowed: false,
  status: {
    metadata: {},
    status: 'Failure',
    message,
    reason: 'VIOLATES_POLICY',
    details: { kind: 'Pod', causes: causes.map((reason) => ({ reason })) },
    code: 400,
  },
})

export const ALLOWED = { allowed: true }
