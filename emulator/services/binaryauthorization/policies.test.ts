import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const SERVICE = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'
const ALLOW = { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
const DENY = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }

describeTransports('policies', (emulator) => {
  const call = (method: string, request: object) => emulator().call('binaryauthorization.v1', `${SERVICE}/${method}`, request)
  const get = (project: string) => call('GetPolicy', { name: `projects/${project}/policy` })
  const put = (project: string, policy: object) =>
    call('UpdatePolicy', { policy: { name: `projects/${project}/policy`, ...policy } })
  const createAttestor = (project: string, attestorId: string) =>
    call('CreateAttestor', {
      parent: `projects/${project}`,
      attestorId,
      attestor: { userOwnedGrafeasNote: { noteReference: `projects/${project}/notes/${attestorId}` } },
    })

  test('a project that never wrote a policy has the default, which allows everything and has no etag', async () => {
    expect(await get('policy-default')).toEqual({
      name: 'projects/policy-default/policy',
      globalPolicyEvaluationMode: 'ENABLE',
      defaultAdmissionRule: ALLOW,
    })
  })

  test('an update answers with the stored policy: name, time with six digits and an etag in quotes', async () => {
    const policy = { description: 'strict', globalPolicyEvaluationMode: 'ENABLE', defaultAdmissionRule: DENY }
    const updated = await put('policy-update', policy)
    expect(updated).toEqual({
      ...policy,
      name: 'projects/policy-update/policy',
      updateTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6}Z$/),
      etag: expect.stringMatching(/^".+"$/),
    })
    expect(await get('policy-update')).toEqual(updated)
  })

  test('an update replaces the whole policy: what it leaves out is gone', async () => {
    await put('policy-replace', {
      description: 'first',
      globalPolicyEvaluationMode: 'ENABLE',
      admissionWhitelistPatterns: [{ namePattern: 'gcr.io/p/*' }],
      clusterAdmissionRules: { 'us-central1.prod': DENY },
      defaultAdmissionRule: DENY,
    })
    const updated = await put('policy-replace', { defaultAdmissionRule: ALLOW })
    expect(Object.keys(updated).toSorted()).toEqual(['defaultAdmissionRule', 'etag', 'name', 'updateTime'])
    expect(updated.defaultAdmissionRule).toEqual(ALLOW)
  })

  test('every update gives another etag, even one that changes nothing', async () => {
    const first = await put('policy-etag', { defaultAdmissionRule: DENY })
    const second = await put('policy-etag', { defaultAdmissionRule: DENY })
    expect(second.etag).not.toBe(first.etag)
  })

  test('an update with the etag of an older policy is aborted and changes nothing; the current one passes', async () => {
    const { etag } = await put('policy-stale', { defaultAdmissionRule: DENY })
    const current = await put('policy-stale', { etag, defaultAdmissionRule: DENY, description: 'current' })
    await expect(put('policy-stale', { etag, defaultAdmissionRule: ALLOW })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await get('policy-stale')).toEqual(current)
  })

  test('the default policy has no etag that an update could carry', async () => {
    await expect(put('policy-no-etag', { etag: '"Mna+BCqXznjH"', defaultAdmissionRule: DENY })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect((await get('policy-no-etag')).defaultAdmissionRule).toEqual(ALLOW)
  })

  test('a policy that was read can be written back with its output-only fields', async () => {
    const read = await put('policy-echo', { defaultAdmissionRule: DENY })
    emulator().clock.advance(1000)
    const written = await put('policy-echo', { ...read, updateTime: '2020-01-01T00:00:00Z' })
    expect(written).toMatchObject({ defaultAdmissionRule: DENY, updateTime: expect.stringMatching(/^2026-01-02T03:04:\d\d/) })
    expect(written.updateTime > read.updateTime).toBe(true)
  })

  test('the name in the URL counts, whatever the body says', async () => {
    const body = { name: 'projects/policy-other/policy', defaultAdmissionRule: DENY }
    const { body: updated } = await emulator().http('PUT', '/v1/projects/policy-url/policy', body)
    expect(updated.name).toBe('projects/policy-url/policy')
    expect((await get('policy-other')).defaultAdmissionRule).toEqual(ALLOW)
  })

  test('a body in snake_case is the same policy', async () => {
    const { status, body } = await emulator().http('PUT', '/v1/projects/policy-snake/policy', {
      global_policy_evaluation_mode: 'ENABLE',
      admission_whitelist_patterns: [{ name_pattern: 'gcr.io/p/app' }],
      cluster_admission_rules: {
        'us-central1.prod': { evaluation_mode: 'ALWAYS_DENY', enforcement_mode: 'DRYRUN_AUDIT_LOG_ONLY' },
      },
      default_admission_rule: { evaluation_mode: 'ALWAYS_DENY', enforcement_mode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      globalPolicyEvaluationMode: 'ENABLE',
      admissionWhitelistPatterns: [{ namePattern: 'gcr.io/p/app' }],
      clusterAdmissionRules: { 'us-central1.prod': { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' } },
      defaultAdmissionRule: DENY,
    })
  })

  test("a project's number stands for its id, in the name of the policy and of an attestor", async () => {
    const attestor = await createAttestor('policy-number', 'prod')
    const number = /^service-(\d+)@/.exec(attestor.userOwnedGrafeasNote.delegationServiceAccountEmail)![1]!
    const rule = {
      evaluationMode: 'REQUIRE_ATTESTATION',
      requireAttestationsBy: [`projects/${number}/attestors/prod`],
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    }
    const updated = await put(number, { defaultAdmissionRule: rule })
    expect(updated).toMatchObject({
      name: 'projects/policy-number/policy',
      defaultAdmissionRule: { ...rule, requireAttestationsBy: ['projects/policy-number/attestors/prod'] },
    })
    expect(await get('policy-number')).toEqual(updated)
  })

  test('a number that no project has, and the wildcard, have no policy', async () => {
    for (const [project, code] of [
      ['999999999999', 'NOT_FOUND'],
      ['-', 'INVALID_ARGUMENT'],
    ] as const) {
      await expect(get(project)).rejects.toMatchObject({ code })
      await expect(put(project, { defaultAdmissionRule: DENY })).rejects.toMatchObject({ code })
    }
  })

  test('a refused update changes nothing', async () => {
    const stored = await put('policy-atomic', { defaultAdmissionRule: DENY })
    await expect(
      put('policy-atomic', { defaultAdmissionRule: ALLOW, clusterAdmissionRules: { nowhere: ALLOW } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await get('policy-atomic')).toEqual(stored)
  })

  test('attestors of other projects may be named, if they exist', async () => {
    await createAttestor('policy-attestors', 'built-by-cloud-build')
    const rule = (attestor: string) => ({
      evaluationMode: 'REQUIRE_ATTESTATION',
      requireAttestationsBy: [attestor],
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    })
    const good = rule('projects/policy-attestors/attestors/built-by-cloud-build')
    expect((await put('policy-deployer', { defaultAdmissionRule: good })).defaultAdmissionRule).toEqual(good)
    const missing = 'projects/policy-attestors/attestors/missing'
    await expect(put('policy-deployer', { defaultAdmissionRule: rule(missing) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `policy.default_admission_rule.require_attestations_by has the attestor ${missing}, which does not exist.`,
    })
  })

  test('an attestor that a policy names can be deleted; the policy still names it, and cannot be written again so', async () => {
    const { name } = await createAttestor('policy-dangling', 'gone')
    const rule = {
      evaluationMode: 'REQUIRE_ATTESTATION',
      requireAttestationsBy: [name],
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    }
    const policy = await put('policy-dangling', { defaultAdmissionRule: rule })
    expect(await call('DeleteAttestor', { name })).toEqual({})
    expect(await get('policy-dangling')).toEqual(policy)
    await expect(put('policy-dangling', policy)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('an enum value that Google does not have is refused', async () => {
    await expect(
      put('policy-enum', { defaultAdmissionRule: { ...DENY, evaluationMode: 'SOMETIMES_DENY' } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(put('policy-enum', { defaultAdmissionRule: { ...DENY, evaluationMode: 7 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('policy.default_admission_rule.evaluation_mode'),
    })
    await expect(put('policy-enum', { globalPolicyEvaluationMode: 7, defaultAdmissionRule: DENY })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('policy.global_policy_evaluation_mode'),
    })
  })
})
