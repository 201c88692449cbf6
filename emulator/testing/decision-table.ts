// A row of the decision table as the requests of its entrances, and what each must answer. The texts are put together here from the
// row's own words, as the facts have them (A8, A10), and not by what they test.

import type { Denial, Expected, Row } from '../services/binaryauthorization/decision-table/row.ts'
import type { Deployment, Evaluation } from '../services/binaryauthorization/index.ts'

const CLUSTER = 'europe-west2.prod'

export const clusterOf = ({ cluster = CLUSTER }: Row) => cluster

const containers = (images: string[], prefix: string) => images.map((image, index) => ({ name: `${prefix}${index}`, image }))

/** The images that are judged, in the order of the texts. */
const imagesOf = ({ images, initImages = [], ephemeralImages = [] }: Row) => [
  ...new Set([...initImages, ...images, ...ephemeralImages]),
]

export function admissionReviewOf(row: Row): object {
  const { images, initImages, ephemeralImages, namespace, serviceAccount, labels, annotations, subResource } = row
  const { group, kind } = row.kind ?? { group: '', kind: 'Pod' }
  const spec = {
    containers: containers(images, 'c'),
    ...(initImages && { initContainers: containers(initImages, 'i') }),
    ...(ephemeralImages && { ephemeralContainers: containers(ephemeralImages, 'e') }),
    ...(serviceAccount && { serviceAccountName: serviceAccount }),
  }
  const apiVersion = group ? `${group}/v1` : 'v1'
  const object =
    kind === 'Pod'
      ? { apiVersion, kind, metadata: { name: 'app', labels, annotations }, spec }
      : { apiVersion, kind, metadata: { name: 'app' }, spec: { template: { spec } } }
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'row',
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource: `${kind.toLowerCase()}s` },
      operation: row.operation ?? 'CREATE',
      namespace,
      name: 'app',
      subResource,
      object: row.operation === 'DELETE' ? null : object,
    },
  }
}

/** Can an ImageReview ask for this? It has no labels and no service account, and is sent for Pods that are created alone. */
export function isImageReview({ labels, operation, subResource, kind, policy, expectedOfImageReview }: Row): boolean {
  if (labels || operation || subResource || kind) return false
  return !policy?.kubernetesServiceAccountAdmissionRules || expectedOfImageReview !== undefined
}

export const imageReviewOf = ({ images, initImages = [], ephemeralImages = [], namespace, annotations }: Row): object => ({
  apiVersion: 'imagepolicy.k8s.io/v1alpha1',
  kind: 'ImageReview',
  spec: {
    containers: [...initImages, ...images, ...ephemeralImages].map((image) => ({ image })),
    namespace,
    annotations,
  },
})

/** Break-glass is no matter of the evaluator, nor is what is not judged. */
export const isDeployment = ({ expected: { verdict } }: Row) => verdict !== 'BREAK_GLASS' && verdict !== 'NOT_JUDGED'

export const deploymentOf = (row: Row, project: string): Deployment => ({
  project,
  cluster: clusterOf(row),
  namespace: row.namespace ?? 'default',
  serviceAccount: row.serviceAccount ?? 'default',
  images: imagesOf(row),
})

const byAttestors = ({ why }: Denial): [name: string, reason: string][] | undefined =>
  why === 'ALWAYS_DENY' || typeof why.words === 'string' ? undefined : Object.entries(why as Record<string, string>)

const wordsOf = ({ why }: Denial, alwaysDeny: string) => (why === 'ALWAYS_DENY' ? alwaysDeny : (why.words ?? ''))

function messageOf(denial: Denial): string {
  const { image, rule } = denial
  const tail =
    byAttestors(denial)
      ?.map(([name, reason]) => `Image ${image} denied by attestor ${name}: ${reason}`)
      .join('. ') ?? wordsOf(denial, 'Denied by always_deny admission rule')
  return `Image ${image} denied by Binary Authorization ${rule}. ${tail}`
}

function causeOf(denial: Denial): string {
  const { image } = denial
  return (
    byAttestors(denial)
      ?.map(([name, reason]) => `'${image}' : Image ${image} denied by attestor ${name}: ${reason}\n`)
      .join('') ?? `'${image}' : ${wordsOf(denial, 'Denied by an ALWAYS_DENY admission rule')}\n`
  )
}

function olderReasonOf(denial: Denial): string {
  const { image, rule } = denial
  const sentences = byAttestors(denial)?.map(([name, reason]) => `Image ${image} denied by ${name}: ${reason}`)
  const tail = sentences ? `Denied by Attestor. ${sentences.join('. ')}` : wordsOf(denial, 'Overridden by evaluation mode')
  return `Denied by ${rule}. ${tail}`
}

/** Audit annotations, without the webhook's name before them. */
function annotationsOf({ labels, denials }: Expected): Record<string, string> | undefined {
  const value = (label: string) => (label === 'overridden-verification-result' ? denials.map(causeOf).join('') : 'true')
  return labels.length > 0 ? Object.fromEntries(labels.map((label) => [label, value(label)])) : undefined
}

const WEBHOOK = 'imagepolicywebhook.image-policy.k8s.io'

/** The labels of the audit entry. */
export const auditLabelsOf = (expected: Expected): Record<string, string> => ({
  'authorization.k8s.io/decision': 'allow',
  ...Object.fromEntries(Object.entries(annotationsOf(expected) ?? {}).map(([key, value]) => [`${WEBHOOK}/${key}`, value])),
})

export function expectedAdmissionReview({ expected, message }: Row): object {
  const { verdict, denials } = expected
  const annotations = annotationsOf(expected)
  const causes = denials.map((denial) => ({ reason: causeOf(denial) }))
  const status = {
    metadata: {},
    status: 'Failure',
    message: message ?? denials.map(messageOf).join(' '),
    reason: 'VIOLATES_POLICY',
    details: { kind: 'Pod', causes },
    code: 400,
  }
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    response: {
      uid: 'row',
      allowed: verdict !== 'DENIED',
      ...(verdict === 'DENIED' && { status }),
      ...(annotations && { auditAnnotations: annotations }),
    },
  }
}

export const ofImageReview = ({ expected, expectedOfImageReview = expected }: Row) => expectedOfImageReview

export function expectedImageReview(row: Row): object {
  const expected = ofImageReview(row)
  const annotations = annotationsOf(expected)
  const isDenied = expected.verdict === 'DENIED'
  return {
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    kind: 'ImageReview',
    status: {
      allowed: !isDenied,
      ...(isDenied && { reason: row.reason ?? expected.denials.map(olderReasonOf).join('. ') }),
      ...(annotations && { auditAnnotations: annotations }),
    },
  }
}

/** What the row says of an evaluation, and the same of the evaluation itself. */
export const expectedEvaluation = ({ expected: { verdict, decidedBy, denials } }: Row) => ({
  allowed: denials.length === 0,
  wouldBlock: verdict === 'DENIED',
  decidedBy,
  denied: denials.map(({ image }) => image),
})

export const summaryOf = ({ allowed, dryRun, images }: Evaluation) => ({
  allowed,
  wouldBlock: !allowed && !dryRun,
  decidedBy: allowed ? images.at(-1)!.decidedBy : undefined,
  denied: images.filter((image) => !image.allowed).map(({ image }) => image),
})
