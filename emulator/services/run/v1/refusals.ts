// What is wrong with a field, under the name that the field has in v1.
import type { Refuse } from '../violations.ts'
import { type Kind, keyOf, violation } from './annotations.ts'

const SPEC: Record<string, string> = {
  timeout: 'timeoutSeconds',
  serviceAccount: 'serviceAccountName',
  maxInstanceRequestConcurrency: 'containerConcurrency',
}

const inSpec = (path: string) => path.replace(/^\w+/, (field) => SPEC[field] ?? field)

const isMetadata = (path: string) => /^(labels|annotations)(\[|$)/.test(path)

/** `template.containers[0].image` → `spec.template.spec.containers[0].image` */
function nameInV1(kind: 'Service' | 'Job', path: string): string {
  const below = /^template\.(.*)$/.exec(path)?.[1]
  if (below === undefined) {
    if (isMetadata(path)) return `metadata.${path}`
    const key = keyOf(kind, path)
    return key ? `metadata.annotations[${key}]` : `spec.${path}`
  }
  if (isMetadata(below)) return `spec.template.metadata.${below}`
  if (below === 'revision') return 'spec.template.metadata.name'
  const ofTask = kind === 'Job' ? /^template\.(.*)$/.exec(below)?.[1] : undefined
  const templateKind: Kind = kind === 'Job' ? 'Execution' : 'Revision'
  const key = keyOf(templateKind, ofTask ?? below)
  if (key) return `spec.template.metadata.annotations[${key}]`
  return ofTask === undefined ? `spec.template.spec.${inSpec(below)}` : `spec.template.spec.template.spec.${inSpec(ofTask)}`
}

export const refusalsOf =
  (kind: 'Service' | 'Job'): Refuse =>
  (path, why) =>
    violation(nameInV1(kind, path), why)
