// What makes a policy invalid (https://cloud.google.com/binary-authorization/docs/policy-yaml-reference). Google's texts are not
// published; these name the field, and all problems are told at once.
import { badRequest, type FieldViolation } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { checkPattern } from './allowlist.ts'
import { ATTESTOR } from './names.ts'

type Policy = components['schemas']['Policy']
type AdmissionRule = components['schemas']['AdmissionRule']

const EVALUATION_MODES = ['ALWAYS_ALLOW', 'REQUIRE_ATTESTATION', 'ALWAYS_DENY']
const ENFORCEMENT_MODES = ['ENFORCED_BLOCK_AND_AUDIT_LOG', 'DRYRUN_AUDIT_LOG_ONLY']
const GLOBAL_POLICY_EVALUATION_MODES = [undefined, 'GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED', 'ENABLE', 'DISABLE']

/** https://cloud.google.com/binary-authorization/quotas */
const MAX_ATTESTOR_REFERENCES = 200
/** A policy of ten megabytes may be wrong in a million places. */
const MAX_PROBLEMS = 20

// The documentation has `[a-z.-]+` for namespaces, which would refuse `team-1` and take what no namespace can be called.
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const SUBDOMAIN = '(?=[a-z0-9.-]{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*'
/** Region, zone (also of the kind `us-central1-ai1a`) or, for members of a fleet, `global`. */
const LOCATION = '(?:global|[a-z]+-[a-z]+\\d+(?:-[a-z0-9]+)?)'
const TRUST_DOMAIN = '[a-z0-9](?:[a-z0-9._-]{0,253}[a-z0-9])?'

/** The four rule maps and the form of their keys. A key that nothing can ever match would leave its rule without effect. */
const RULE_MAPS = [
  {
    field: 'clusterAdmissionRules',
    path: 'cluster_admission_rules',
    key: new RegExp(`^${LOCATION}\\.${LABEL}$`),
    form: 'location.clusterId, where the location is a region, a zone or global',
  },
  {
    field: 'kubernetesNamespaceAdmissionRules',
    path: 'kubernetes_namespace_admission_rules',
    key: new RegExp(`^${LABEL}$`),
    form: 'the name of a Kubernetes namespace',
  },
  {
    field: 'kubernetesServiceAccountAdmissionRules',
    path: 'kubernetes_service_account_admission_rules',
    key: new RegExp(`^${LABEL}:${SUBDOMAIN}$`),
    form: 'namespace:serviceaccount',
  },
  {
    field: 'istioServiceIdentityAdmissionRules',
    path: 'istio_service_identity_admission_rules',
    key: new RegExp(`^(?:spiffe://)?${TRUST_DOMAIN}/ns/${LABEL}/sa/${SUBDOMAIN}$`),
    form: 'spiffe://<domain>/ns/<namespace>/sa/<serviceaccount> or <domain>/ns/<namespace>/sa/<serviceaccount>',
  },
] as const

/** All rules of a policy, each with the path of its field. */
export function* rulesOf(policy: Policy): Generator<{ path: string; rule: AdmissionRule }> {
  if (policy.defaultAdmissionRule) yield { path: 'policy.default_admission_rule', rule: policy.defaultAdmissionRule }
  for (const { field, path } of RULE_MAPS)
    for (const [key, rule] of Object.entries(policy[field] ?? {})) yield { path: `policy.${path}[${JSON.stringify(key)}]`, rule }
}

/** @throws INVALID_ARGUMENT with a violation for each problem */
export function checkPolicy(policy: Policy, attestorExists: (name: string) => boolean) {
  const violations: FieldViolation[] = []
  for (const [field, problem] of problemsOf(policy, attestorExists)) {
    violations.push({ field, description: `${field} ${problem}.` })
    if (violations.length === MAX_PROBLEMS) break
  }
  if (violations.length > 0) throw badRequest(violations.map(({ description }) => description).join('\n'), violations)
}

type Problem = [field: string, problem: string]

function* problemsOf(policy: Policy, attestorExists: (name: string) => boolean): Generator<Problem> {
  if (!GLOBAL_POLICY_EVALUATION_MODES.includes(policy.globalPolicyEvaluationMode))
    yield ['policy.global_policy_evaluation_mode', 'must be ENABLE or DISABLE']
  for (const [index, { namePattern = '' }] of (policy.admissionWhitelistPatterns ?? []).entries()) {
    const problem = checkPattern(namePattern)
    if (problem) yield [`policy.admission_whitelist_patterns[${index}].name_pattern`, `is invalid: ${problem}`]
  }
  yield* problemsOfMaps(policy)
  if (!policy.defaultAdmissionRule) yield ['policy.default_admission_rule', 'must be set']
  const rules = [...rulesOf(policy)]
  const references = rules.reduce((sum, { rule }) => sum + (rule.requireAttestationsBy?.length ?? 0), 0)
  if (references > MAX_ATTESTOR_REFERENCES)
    yield ['policy', `has ${references} references to attestors; the maximum is ${MAX_ATTESTOR_REFERENCES}`]
  else for (const { path, rule } of rules) yield* problemsOfRule(path, rule, attestorExists)
}

function* problemsOfMaps(policy: Policy): Generator<Problem> {
  const used = RULE_MAPS.filter(({ field }) => Object.keys(policy[field] ?? {}).length > 0)
  if (used.length > 1)
    yield ['policy', `may have only one kind of specific rules, but has ${used.map(({ path }) => path).join(' and ')}`]
  for (const { field, path, key: expression, form } of used)
    for (const key of Object.keys(policy[field] ?? {}))
      if (!expression.test(key)) yield [`policy.${path}`, `has the key ${JSON.stringify(key)}, which is not of the form ${form}`]
  const identities = policy.istioServiceIdentityAdmissionRules ?? {}
  for (const key of Object.keys(identities))
    if (Object.hasOwn(identities, `spiffe://${key}`))
      yield ['policy.istio_service_identity_admission_rules', `has two rules for ${JSON.stringify(key)}`]
}

function* problemsOfRule(path: string, rule: AdmissionRule, attestorExists: (name: string) => boolean): Generator<Problem> {
  const { evaluationMode = '', enforcementMode = '', requireAttestationsBy = [] } = rule
  if (!EVALUATION_MODES.includes(evaluationMode))
    yield [`${path}.evaluation_mode`, `must be one of ${EVALUATION_MODES.join(', ')}`]
  if (!ENFORCEMENT_MODES.includes(enforcementMode))
    yield [`${path}.enforcement_mode`, `must be one of ${ENFORCEMENT_MODES.join(', ')}`]
  const field = `${path}.require_attestations_by`
  if (evaluationMode === 'REQUIRE_ATTESTATION' && requireAttestationsBy.length === 0)
    yield [field, 'must not be empty where the evaluation mode is REQUIRE_ATTESTATION']
  if (evaluationMode !== 'REQUIRE_ATTESTATION' && requireAttestationsBy.length > 0)
    yield [field, 'must be empty unless the evaluation mode is REQUIRE_ATTESTATION']
  for (const name of requireAttestationsBy) {
    if (!ATTESTOR.match(name)) yield [field, `has ${JSON.stringify(name)}, which is not of the form ${ATTESTOR.pattern}`]
    else if (!attestorExists(name)) yield [field, `has the attestor ${name}, which does not exist`]
  }
}
