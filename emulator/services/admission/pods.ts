// What of a Pod matters to admission: its images, its identity and whether it asks for break-glass.
import { isObject, type JsonObject } from '../../core/json.ts'
import { invalidArgument } from '../../core/status.ts'

export interface PodFacts {
  name?: string
  namespace: string
  serviceAccount: string
  images: string[]
  imageVolumes: string[]
  breakGlass: boolean
}

/** The label that asks for break-glass, and the older annotation (https://cloud.google.com/binary-authorization/docs/using-breakglass).
 * Any other value than "true" asks for nothing. */
export const BREAK_GLASS_LABEL = 'image-policy.k8s.io/break-glass'
export const BREAK_GLASS_ANNOTATION = 'alpha.image-policy.k8s.io/break-glass'

const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Images of all containers, init and ephemeral ones too, each once. A container without a readable image counts as the image "",
 * which no rule that asks for attestations lets pass. */
export function imagesOf(spec: unknown): string[] {
  if (!isObject(spec) || !Array.isArray(spec.containers) || spec.containers.length === 0)
    throw invalidArgument('The review has no spec.containers: nothing to decide on.')
  const images = CONTAINER_LISTS.flatMap((list) => {
    const containers = spec[list] ?? []
    if (!Array.isArray(containers)) throw invalidArgument(`spec.${list} of the review is no list.`)
    return containers.map((container: unknown) =>
      isObject(container) && typeof container.image === 'string' ? container.image : '',
    )
  })
  return [...new Set(images)]
}

/** Text that may be missing; anything else than text is refused, because what it is taken for could match a rule. */
export function optionalText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalidArgument(`${path} of the review is no string.`)
  return value
}

export function podFacts(pod: unknown, namespace: string | undefined): PodFacts {
  if (!isObject(pod) || !isObject(pod.metadata ?? {})) throw invalidArgument('request.object of the AdmissionReview is no Pod.')
  const { metadata = {}, spec } = pod
  const named = (source: unknown, key: string) => isObject(source) && source[key] === 'true'
  const images = imagesOf(spec)
  const serviceAccount = optionalText(spec.serviceAccountName, 'spec.serviceAccountName')
  return {
    name: optionalText(metadata?.name, 'metadata.name') ?? optionalText(metadata?.generateName, 'metadata.generateName'),
    namespace: namespace ?? optionalText(metadata?.namespace, 'metadata.namespace') ?? 'default',
    serviceAccount: serviceAccount ?? optionalText(spec.serviceAccount, 'spec.serviceAccount') ?? 'default',
    images,
    imageVolumes: imageVolumesOf(spec),
    breakGlass: named(metadata?.labels, BREAK_GLASS_LABEL) || named(metadata?.annotations, BREAK_GLASS_ANNOTATION),
  }
}

/** Images that are mounted as volumes. Nothing tells that production judges them, so they are named and not judged. */
const imageVolumesOf = ({ volumes }: JsonObject): string[] =>
  (Array.isArray(volumes) ? volumes : [])
    .map((volume) => volume?.image?.reference)
    .filter((reference) => typeof reference === 'string')
