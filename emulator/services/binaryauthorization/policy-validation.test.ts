import { expect, test } from 'vitest'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import { checkPolicy } from './policy-validation.ts'

type Policy = components['schemas']['Policy']
type AdmissionRule = components['schemas']['AdmissionRule']

const ALLOW: AdmissionRule = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
const ATTESTOR = 'projects/my-app-prod/attestors/prod'
const attested = (...requireAttestationsBy: string[]): AdmissionRule => ({
  evaluationMode: 'REQUIRE_ATTESTATION',
  requireAttestationsBy,
  enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
})

/** What the API would say of the policy; undefined where it takes it. */
function refusalOf(policy: Policy): string | undefined {
  try {
    checkPolicy({ defaultAdmissionRule: ALLOW, ...policy }, (name) => name === ATTESTOR)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
    return (error as Error).message
  }
}

test('the default admission rule is required', () => {
  expect(refusalOf({ defaultAdmissionRule: undefined })).toBe('policy.default_admission_rule must be set.')
  expect(refusalOf({ defaultAdmissionRule: ALLOW })).toBeUndefined()
})

test('a rule needs an evaluation mode and an enforcement mode, of which UNSPECIFIED is none', () => {
  for (const evaluationMode of ['ALWAYS_ALLOW', 'ALWAYS_DENY'] as const)
    for (const enforcementMode of ['ENFORCED_BLOCK_AND_AUDIT_LOG', 'DRYRUN_AUDIT_LOG_ONLY'] as const)
      expect(refusalOf({ defaultAdmissionRule: { evaluationMode, enforcementMode } })).toBeUndefined()
  for (const evaluationMode of [undefined, 'EVALUATION_MODE_UNSPECIFIED'] as const)
    expect(refusalOf({ defaultAdmissionRule: { ...ALLOW, evaluationMode } })).toBe(
      'policy.default_admission_rule.evaluation_mode must be one of ALWAYS_ALLOW, REQUIRE_ATTESTATION, ALWAYS_DENY.',
    )
  for (const enforcementMode of [undefined, 'ENFORCEMENT_MODE_UNSPECIFIED'] as const)
    expect(refusalOf({ defaultAdmissionRule: { ...ALLOW, enforcementMode } })).toBe(
      'policy.default_admission_rule.enforcement_mode must be one of ENFORCED_BLOCK_AND_AUDIT_LOG, DRYRUN_AUDIT_LOG_ONLY.',
    )
})

test('a rule names attestors if and only if it requires attestations', () => {
  expect(refusalOf({ defaultAdmissionRule: attested(ATTESTOR) })).toBeUndefined()
  expect(refusalOf({ defaultAdmissionRule: attested() })).toMatch(
    /^policy\.default_admission_rule\.require_attestations_by must not/,
  )
  for (const evaluationMode of ['ALWAYS_ALLOW', 'ALWAYS_DENY'] as const)
    expect(refusalOf({ defaultAdmissionRule: { ...attested(ATTESTOR), evaluationMode } })).toMatch(
      /^policy\.default_admission_rule\.require_attestations_by must be empty/,
    )
})

test('an attestor is named projects/*/attestors/*, and exists', () => {
  for (const name of ['prod', 'projects/my-app-prod/attestors', `${ATTESTOR}/keys`, `/${ATTESTOR}`, ''])
    expect(refusalOf({ defaultAdmissionRule: attested(name) })).toMatch(
      /is not of the form projects\/{project}\/attestors\/{attestor}/,
    )
  expect(refusalOf({ defaultAdmissionRule: attested(ATTESTOR, 'projects/my-app-prod/attestors/qa') })).toBe(
    'policy.default_admission_rule.require_attestations_by has the attestor projects/my-app-prod/attestors/qa, which does not exist.',
  )
})

test('a policy has at most 200 references to attestors, of all its rules together', () => {
  const rules = (count: number) => ({
    clusterAdmissionRules: { 'us-central1.a': attested(...Array(100).fill(ATTESTOR)) },
    defaultAdmissionRule: attested(...Array(count).fill(ATTESTOR)),
  })
  expect(refusalOf(rules(100))).toBeUndefined()
  expect(refusalOf(rules(101))).toBe('policy has 201 references to attestors; the maximum is 200.')
})

test('only one of the four rule maps may be non-empty', () => {
  const maps = {
    clusterAdmissionRules: { 'us-central1.prod': ALLOW },
    kubernetesNamespaceAdmissionRules: { prod: ALLOW },
    kubernetesServiceAccountAdmissionRules: { 'prod:default': ALLOW },
    istioServiceIdentityAdmissionRules: { 'spiffe://example.com/ns/prod/sa/default': ALLOW },
  }
  const fields = Object.keys(maps) as (keyof typeof maps)[]
  for (const [index, field] of fields.entries()) {
    const other = fields[(index + 1) % fields.length]!
    expect(refusalOf({ [field]: maps[field], [other]: {} })).toBeUndefined()
    expect(refusalOf({ [field]: maps[field], [other]: maps[other] })).toMatch(/^policy may have only one kind of specific rules/)
  }
})

test.each([
  [
    'clusterAdmissionRules',
    [
      'us-central1.prod',
      'us-central1-a.prod',
      'us-central1-ai1a.prod',
      'northamerica-northeast1.a',
      'europe-west10-b.c-1',
      'global.test-membership',
    ],
    [
      'prod',
      'us-central1',
      'us-central1.',
      '.prod',
      'us-central1.Prod',
      'us-central1.prod.x',
      'us-central1/prod',
      '*',
      'us.prod',
      'us-central1-.prod',
      ' us-central1.prod',
    ],
  ],
  [
    'kubernetesNamespaceAdmissionRules',
    ['default', 'kube-system', 'team-1', '1', 'a'.repeat(63)],
    ['', 'Default', 'a.b', 'a_b', '-a', 'a-', 'a:b', '*', 'a'.repeat(64), 'default\n'],
  ],
  [
    'kubernetesServiceAccountAdmissionRules',
    ['test-ns:default', 'team-1:build.bot', `a:${'b'.repeat(253)}`],
    [
      'default',
      ':default',
      'test-ns:',
      'test-ns:a:b',
      'test-ns/default',
      'a.b:default',
      'test-ns:A',
      'test-ns:a..b',
      `a:${'b'.repeat(254)}`,
    ],
  ],
  [
    'istioServiceIdentityAdmissionRules',
    ['spiffe://example.com/ns/test-ns/sa/default', 'cluster.local/ns/test-ns/sa/build.bot', 'my-app-prod.svc.id.goog/ns/a/sa/b'],
    [
      'spiffe://example.com',
      'https://example.com/ns/a/sa/b',
      'spiffe:///ns/a/sa/b',
      'example.com/ns/a',
      'example.com/ns/a/sa/',
      'example.com/ns/A/sa/b',
      'example.com/sa/b/ns/a',
      'example.com/ns/a/sa/b/c',
    ],
  ],
] as const)('the keys of %s have their form', (field, good, bad) => {
  for (const key of good) expect(refusalOf({ [field]: { [key]: ALLOW } }), key).toBeUndefined()
  for (const key of bad) expect(refusalOf({ [field]: { [key]: ALLOW } }), key).toContain(`has the key ${JSON.stringify(key)}`)
})

test('the rules of the maps obey the same conditions, and their problems name the key', () => {
  expect(refusalOf({ clusterAdmissionRules: { 'us-central1.prod': attested(ATTESTOR) } })).toBeUndefined()
  expect(refusalOf({ clusterAdmissionRules: { 'us-central1.prod': { ...ALLOW, evaluationMode: undefined } } })).toMatch(
    /^policy\.cluster_admission_rules\["us-central1\.prod"\]\.evaluation_mode must be one of/,
  )
})

test('one service identity has one rule, however it is spelled', () => {
  const identity = 'example.com/ns/prod/sa/default'
  const rules = (...keys: string[]) => ({
    istioServiceIdentityAdmissionRules: Object.fromEntries(keys.map((key) => [key, ALLOW])),
  })
  expect(refusalOf(rules(identity, `spiffe://${identity}`))).toContain(`has two rules for "${identity}"`)
  expect(refusalOf(rules(identity, 'spiffe://example.com/ns/prod/sa/other'))).toBeUndefined()
})

test('allow-list patterns have a wildcard only at their end, behind the registry', () => {
  const patterns = (...names: string[]) => ({ admissionWhitelistPatterns: names.map((namePattern) => ({ namePattern })) })
  expect(refusalOf(patterns('gcr.io/p/app', 'gcr.io/p/app:v1.*', 'gcr.io/p/**', 'gcr.io/*'))).toBeUndefined()
  for (const pattern of ['', '*', '**', 'gcr.io*', 'gcr.io/p/n*x'])
    expect(refusalOf(patterns('gcr.io/p/app', pattern)), pattern).toMatch(
      /^policy\.admission_whitelist_patterns\[1\]\.name_pattern is invalid: /,
    )
})

test('all problems are told at once, each with its field, up to twenty', () => {
  const { details } = captured(() =>
    checkPolicy({ kubernetesNamespaceAdmissionRules: { prod: {} }, admissionWhitelistPatterns: [{}] }, () => false),
  )
  expect(details).toEqual([
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [
        'policy.admission_whitelist_patterns[0].name_pattern',
        'policy.default_admission_rule',
        'policy.kubernetes_namespace_admission_rules["prod"].evaluation_mode',
        'policy.kubernetes_namespace_admission_rules["prod"].enforcement_mode',
      ].map((field) => ({ field, description: expect.stringContaining(field) })),
    },
  ])
  const many = captured(() => checkPolicy({ admissionWhitelistPatterns: Array(1000).fill({}) }, () => false))
  expect(many.details[0].fieldViolations).toHaveLength(20)
})

function captured(work: () => void): any {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}
