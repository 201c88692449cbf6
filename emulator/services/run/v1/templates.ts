// Templates of revisions and of executions, v1 ⇄ v2 (https://cloud.google.com/run/docs/reference/rest/v1/RevisionTemplate).
import type { components as V1 } from '../../../gen/run.v1.ts'
import type { components as V2 } from '../../../gen/run.v2.ts'
import { type Kind, readAnnotations, readLabels, type StringMap, shownAnnotations } from './annotations.ts'
import { cloudSqlVolumes, ingressContainer } from './container-annotations.ts'
import { containerFromV1, containerToV1 } from './containers.ts'
import { defined, refuse, seconds, unlessEmpty } from './fields.ts'
import { SECRETS, type SecretAliases, secretAliases } from './secret-aliases.ts'
import { volumeFromV1, volumeToV1 } from './volumes.ts'

type Schemas1 = V1['schemas']
type Schemas2 = V2['schemas']

/** What v1 says of a template that v2 has no field for. */
export interface KeptOfTemplate {
  templateAnnotations?: StringMap
  templateLabels?: StringMap
}

/** What specifications of revisions and tasks have in common. */
type Spec1 = Pick<Schemas1['RevisionSpec'], 'containers' | 'volumes' | 'serviceAccountName' | 'nodeSelector'>
type Spec2 = Pick<Schemas2['RevisionTemplate'], 'containers' | 'volumes' | 'serviceAccount' | 'nodeSelector'>

const ACCELERATOR = 'run.googleapis.com/accelerator'

function specFromV1(
  { containers, volumes, serviceAccountName, nodeSelector }: Spec1,
  path: string,
  secrets: SecretAliases,
): Spec2 {
  const { [ACCELERATOR]: accelerator, ...rest } = nodeSelector ?? {}
  refuse(rest, `${path}.nodeSelector`)
  return defined({
    containers: containers?.map((one, index) => containerFromV1(one, `${path}.containers[${index}]`, secrets)),
    volumes: volumes?.map((one, index) => volumeFromV1(one, `${path}.volumes[${index}]`, secrets)),
    serviceAccount: serviceAccountName,
    nodeSelector: accelerator ? { accelerator } : undefined,
  })
}

function specToV1(spec: Spec2, secrets: SecretAliases): Spec1 {
  const { containers, volumes = [], serviceAccount, nodeSelector } = spec
  const hidden = cloudSqlVolumes(spec)
  return defined({
    containers: containers?.map((one) => containerToV1(one, secrets, hidden)),
    volumes: unlessEmpty(volumes.filter(({ cloudSqlInstance }) => !cloudSqlInstance).map((one) => volumeToV1(one, secrets))),
    serviceAccountName: serviceAccount,
    nodeSelector: nodeSelector?.accelerator ? { [ACCELERATOR]: nodeSelector.accelerator } : undefined,
  })
}

/** Sets the fields that the template's annotations name, and says what of the metadata is left. */
function metadataFromV1({ annotations, labels }: Schemas1['ObjectMeta'], kind: Kind, message: object) {
  const read = readAnnotations(annotations ?? {}, kind, 'spec.template.metadata.annotations', message)
  const names = readLabels(labels ?? {})
  return {
    named: defined({ annotations: unlessEmpty(read.annotations), labels: unlessEmpty(names.labels) }),
    kept: defined({ templateAnnotations: unlessEmpty(read.kept), templateLabels: unlessEmpty(names.kept) }) as KeptOfTemplate,
  }
}

/** Annotations and specification together, because the aliases that the one defines are used in the other. */
function shown(spec: Spec2, kind: Kind, annotations?: StringMap, kept?: StringMap) {
  const secrets = secretAliases(kept?.[SECRETS])
  const spec1 = specToV1(spec, secrets)
  const aliases = secrets.annotation()
  return {
    annotations: { ...shownAnnotations(spec, kind, annotations, kept), ...(aliases && { [SECRETS]: aliases }) },
    spec: spec1,
  }
}

export function revisionTemplateFromV1({ metadata = {}, spec = {} }: Schemas1['RevisionTemplate']) {
  const secrets = secretAliases(metadata.annotations?.[SECRETS])
  const template: Schemas2['RevisionTemplate'] = defined({
    revision: metadata.name,
    ...specFromV1(spec, 'spec.template.spec', secrets),
    maxInstanceRequestConcurrency: spec.containerConcurrency,
    timeout: spec.timeoutSeconds === undefined ? undefined : `${spec.timeoutSeconds}s`,
  })
  // v1 throttles the CPU unless an annotation says otherwise; v2 where a field says so
  for (const container of template.containers ?? []) container.resources = { ...container.resources, cpuIdle: true }
  const { named, kept } = metadataFromV1(metadata, 'Revision', template)
  return { template: { ...template, ...named }, kept }
}

/** Whether the startup probe is the one that a container has that names none. */
function startupProbeLabel(template: Schemas2['RevisionTemplate']): StringMap {
  const { startupProbe, ports } = ingressContainer(template)
  if (!startupProbe) return {}
  const { tcpSocket, timeoutSeconds, periodSeconds, failureThreshold } = startupProbe
  const isDefault =
    tcpSocket?.port === ports?.[0]?.containerPort && timeoutSeconds === 240 && periodSeconds === 240 && failureThreshold === 1
  return { 'run.googleapis.com/startupProbeType': isDefault ? 'Default' : 'Custom' }
}

/** Specification, annotations and labels of a revision, or of the template that makes the next. */
export function revisionToV1(template: Schemas2['RevisionTemplate'], kept?: StringMap, keptLabels?: StringMap) {
  const { annotations, spec } = shown(template, 'Revision', template.annotations, kept)
  const labels: StringMap = { ...template.labels, ...keptLabels, ...startupProbeLabel(template) }
  const revisionSpec: Schemas1['RevisionSpec'] = defined({
    ...spec,
    containerConcurrency: template.maxInstanceRequestConcurrency,
    timeoutSeconds: seconds(template.timeout),
  })
  return { annotations, labels, spec: revisionSpec }
}

export function revisionTemplateToV1(template: Schemas2['RevisionTemplate'] = {}, kept: KeptOfTemplate) {
  const { annotations, labels, spec } = revisionToV1(template, kept.templateAnnotations, kept.templateLabels)
  const metadata: Schemas1['ObjectMeta'] = defined({
    name: template.revision || undefined,
    annotations: unlessEmpty(annotations),
    labels: unlessEmpty(labels),
  })
  return { metadata, spec } satisfies Schemas1['RevisionTemplate']
}

export function taskFromV1(spec: Schemas1['TaskSpec'], secrets: SecretAliases): Schemas2['TaskTemplate'] {
  return defined({
    ...specFromV1(spec, 'spec.template.spec.template.spec', secrets),
    maxRetries: spec.maxRetries,
    timeout: spec.timeoutSeconds === undefined ? undefined : `${spec.timeoutSeconds}s`,
  })
}

export function executionTemplateFromV1({ metadata = {}, spec = {} }: Schemas1['ExecutionTemplateSpec']) {
  const secrets = secretAliases(metadata.annotations?.[SECRETS])
  const template = taskFromV1(spec.template?.spec ?? {}, secrets)
  const { named, kept } = metadataFromV1(metadata, 'Execution', template)
  const { parallelism, taskCount } = spec
  const execution: Schemas2['ExecutionTemplate'] = defined({ ...named, parallelism, taskCount, template })
  return { template: execution, kept }
}

/** `kept`: the annotations of its execution or template. */
export function taskToV1(task: Schemas2['TaskTemplate'], kept?: StringMap): Schemas1['TaskSpec'] {
  return taskSpec(task, shown(task, 'Execution', {}, kept).spec)
}

const taskSpec = ({ maxRetries, timeout }: Schemas2['TaskTemplate'], spec: Spec1): Schemas1['TaskSpec'] =>
  defined({ ...spec, maxRetries, timeoutSeconds: timeout === undefined ? undefined : String(seconds(timeout)) })

/** Specification and annotations of an execution, or of the template that makes the next; of both the fields are the same. */
export function executionToV1(execution: Schemas2['ExecutionTemplate'], kept?: StringMap) {
  const { template = {}, parallelism, taskCount } = execution
  const { annotations, spec } = shown(template, 'Execution', execution.annotations, kept)
  const executionSpec: Schemas1['ExecutionSpec'] = defined({
    parallelism,
    taskCount,
    template: { spec: taskSpec(template, spec) },
  })
  return { annotations, spec: executionSpec }
}

export function executionTemplateToV1(execution: Schemas2['ExecutionTemplate'] = {}, kept: KeptOfTemplate) {
  const { annotations, spec } = executionToV1(execution, kept.templateAnnotations)
  const metadata: Schemas1['ObjectMeta'] = defined({
    annotations: unlessEmpty(annotations),
    labels: unlessEmpty({ ...execution.labels, ...kept.templateLabels }),
  })
  return { metadata, spec } satisfies Schemas1['ExecutionTemplateSpec']
}
