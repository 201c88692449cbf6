import { expect, test } from 'vitest'
import { findRule, ruleWording } from './rules.ts'

const rule = (name: string) => ({ evaluationMode: 'ALWAYS_DENY' as const, requireAttestationsBy: [name] })
const deployment = { project: 'p', cluster: 'us-central1.prod', namespace: 'team', serviceAccount: 'builder', images: [] }
const named = (policy: object, where = {}) => {
  const { field, rule } = findRule(
    { defaultAdmissionRule: { requireAttestationsBy: ['default'] }, ...policy },
    { ...deployment, ...where },
  )
  return [field, rule.requireAttestationsBy?.[0], ruleWording(field)]
}

test('a policy without specific rules has the default rule', () => {
  expect(named({})).toEqual(['defaultAdmissionRule', 'default', 'default admission rule'])
})

test.each([
  ['clusterAdmissionRules', 'us-central1.prod', 'cluster admission rule for us-central1.prod'],
  ['kubernetesNamespaceAdmissionRules', 'team', 'namespace admission rule for team'],
  ['kubernetesServiceAccountAdmissionRules', 'team:builder', 'service account admission rule for team:builder'],
])('%s apply where the key is that of the deployment', (map, key, wording) => {
  expect(named({ [map]: { [key]: rule('specific') } })).toEqual([`${map}[${JSON.stringify(key)}]`, 'specific', wording])
  expect(named({ [map]: { [`${key}x`]: rule('specific') } })[0]).toBe('defaultAdmissionRule')
})

test('a rule that denies hides the default rule, and one of a mesh identity is not looked at', () => {
  expect(named({ istioServiceIdentityAdmissionRules: { 'cluster.local/ns/team/sa/builder': rule('mesh') } })[1]).toBe('default')
})

test('names of the object prototype are no rules', () => {
  expect(named({ kubernetesNamespaceAdmissionRules: {} }, { namespace: 'constructor' })[1]).toBe('default')
})

test('without a service account it cannot be told whether a rule for one applies', () => {
  const policy = { kubernetesServiceAccountAdmissionRules: { 'team:builder': rule('specific') } }
  expect(findRule(policy, { ...deployment, serviceAccount: undefined }).unknown).toEqual(expect.any(String))
  expect(findRule(policy, deployment).unknown).toBeUndefined()
  expect(findRule({}, { ...deployment, serviceAccount: undefined }).unknown).toBeUndefined()
})

test('on Cloud Run the default rule alone counts, and it can always be told that it does', () => {
  const everywhere = { platform: 'cloudRun' as const, serviceAccount: undefined }
  for (const [map, key] of [
    ['clusterAdmissionRules', 'us-central1.prod'],
    ['kubernetesNamespaceAdmissionRules', 'team'],
    ['kubernetesServiceAccountAdmissionRules', 'team:builder'],
  ] as const)
    expect(named({ [map]: { [key]: rule('specific') } }, everywhere)[0]).toBe('defaultAdmissionRule')
  const policy = { kubernetesServiceAccountAdmissionRules: { 'team:builder': rule('specific') } }
  expect(findRule(policy, { ...deployment, ...everywhere }).unknown).toBeUndefined()
})
