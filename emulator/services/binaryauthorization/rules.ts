// Which rule of a policy applies to a deployment. If a specific one does, the default rule does not count.
import type { components } from '../../gen/binaryauthorization.v1.ts'
import type { Deployment } from './evaluation-tree.ts'

type Policy = components['schemas']['Policy']
type AdmissionRule = components['schemas']['AdmissionRule']

/** Rule maps that GKE honours, how a deployment is looked up in each, and how its denials name the rule. Cloud Service Mesh alone
 * honours istioServiceIdentityAdmissionRules. A policy has one non-empty map at most, so their order decides nothing. The wording for
 * namespaces and service accounts is by analogy: no text of production is known. */
const RULE_MAPS = [
  {
    field: 'kubernetesServiceAccountAdmissionRules',
    wording: 'service account admission rule for',
    key: ({ namespace, serviceAccount }: Deployment) => namespace && serviceAccount && `${namespace}:${serviceAccount}`,
  },
  {
    field: 'kubernetesNamespaceAdmissionRules',
    wording: 'namespace admission rule for',
    key: ({ namespace }: Deployment) => namespace,
  },
  { field: 'clusterAdmissionRules', wording: 'cluster admission rule for', key: ({ cluster }: Deployment) => cluster },
] as const

export interface FoundRule {
  rule: AdmissionRule
  /** Field of the policy that the rule stands in. */
  field: string
  /** Why it cannot be told which rule applies. Then nothing is allowed. */
  unknown?: string
}

/** The rule that applies. A policy with rules for service accounts cannot be evaluated where the service account is not known. */
export function findRule(policy: Policy, deployment: Deployment): FoundRule {
  const otherwise = { rule: policy.defaultAdmissionRule ?? {}, field: 'defaultAdmissionRule' }
  if (deployment.platform === 'cloudRun') return otherwise
  const field = 'kubernetesServiceAccountAdmissionRules'
  if (deployment.serviceAccount === undefined && Object.keys(policy[field] ?? {}).length > 0)
    return { ...otherwise, field, unknown: 'The policy has rules for service accounts, and the review does not name one' }
  for (const { field, key } of RULE_MAPS) {
    const name = key(deployment)
    const rules = policy[field]
    if (name && rules && Object.hasOwn(rules, name)) return { rule: rules[name]!, field: `${field}[${JSON.stringify(name)}]` }
  }
  return otherwise
}

/** `defaultAdmissionRule` → `default admission rule`, `clusterAdmissionRules["l.c"]` → `cluster admission rule for l.c`. */
export function ruleWording(field: string): string {
  if (field === 'kubernetesServiceAccountAdmissionRules') return 'service account admission rules'
  const map = RULE_MAPS.find(({ field: name }) => field.startsWith(`${name}[`))
  return map ? `${map.wording} ${JSON.parse(field.slice(map.field.length + 1, -1))}` : 'default admission rule'
}
