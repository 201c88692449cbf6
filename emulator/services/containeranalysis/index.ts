// Container Analysis v1 and v1beta1 (https://cloud.google.com/container-analysis/docs/reference/rest).
import { type Context, type ResourceType, type RpcsOf, rpc, type Service } from '../../core/service.ts'
import type { Rpcs as RpcsV1 } from '../../gen/containeranalysis.v1.ts'
import type { Rpcs as RpcsV1beta1 } from '../../gen/containeranalysis.v1beta1.ts'
import { iamPolicyMixin } from '../../mixins/iam-policy.ts'
import { grafeas } from './grafeas.ts'
import { NOTE, OCCURRENCE, REGIONAL_NOTE, REGIONAL_OCCURRENCE } from './names.ts'
import { getNote } from './notes.ts'
import { getOccurrence } from './occurrences.ts'
import { V1_NOTE, V1_OCCURRENCE } from './shapes.ts'
import { BETA_NOTE, BETA_OCCURRENCE } from './v1beta1.ts'
import { getVulnerabilityOccurrencesSummary } from './vulnerability-summary.ts'

export { createNote, getNote } from './notes.ts'
export {
  type Attestation,
  createOccurrence,
  deleteOccurrence,
  findAttestations,
  listNoteOccurrences,
} from './occurrences.ts'

const resources: ResourceType[] = [
  ...[NOTE, REGIONAL_NOTE].map(({ pattern }) => ({
    pattern,
    permissions: 'containeranalysis.notes',
    check: (name: string, ctx: Context) => void getNote({ name }, ctx),
  })),
  ...[OCCURRENCE, REGIONAL_OCCURRENCE].map(({ pattern }) => ({
    pattern,
    permissions: 'containeranalysis.occurrences',
    check: (name: string, ctx: Context) => void getOccurrence({ name }, ctx),
  })),
]

const v1 = {
  'grafeas.v1.Grafeas': grafeas(V1_NOTE, V1_OCCURRENCE),
  'google.devtools.containeranalysis.v1.ContainerAnalysis': {
    ...iamPolicyMixin(resources),
    GetVulnerabilityOccurrencesSummary: rpc(getVulnerabilityOccurrencesSummary, 'parent', 'filter'),
  },
} satisfies RpcsOf<RpcsV1>

const v1beta1 = {
  'grafeas.v1beta1.GrafeasV1Beta1': {
    ...grafeas(BETA_NOTE, BETA_OCCURRENCE),
    GetVulnerabilityOccurrencesSummary: rpc(
      (request: { parent?: string; filter?: string }, ctx: Context) => ({
        counts: getVulnerabilityOccurrencesSummary(request, ctx).counts.map(({ resourceUri: uri, ...count }) => ({
          resource: { uri },
          ...count,
        })),
      }),
      'parent',
      'filter',
    ),
  },
  'google.devtools.containeranalysis.v1beta1.ContainerAnalysisV1Beta1': iamPolicyMixin(resources),
} satisfies RpcsOf<RpcsV1beta1>

export const containeranalysis: Service = {
  name: 'containeranalysis',
  apis: { 'containeranalysis.v1': v1, 'containeranalysis.v1beta1': v1beta1 },
  resources,
  migrations: new URL('./migrations/', import.meta.url),
}
