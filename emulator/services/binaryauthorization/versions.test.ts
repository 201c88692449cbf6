import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXnpuYEfvLl1kj4fjxViFRwY1a+zC
5qzlf9LJIK+rnjq42tiKGyyXMbnZKJiYPPdMDGyltnkrABnztg2jJ48aYQ==
-----END PUBLIC KEY-----
`
const ID = 'ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70'
const pkixPublicKey = { publicKeyPem: PEM, signatureAlgorithm: 'ECDSA_P256_SHA256' }
const DENY = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }

describeTransports('v1beta1 and v1alpha2', (emulator) => {
  const call = (version: string, method: string, request: object) => {
    const suffix = { v1: 'V1', v1beta1: 'V1Beta1', v1alpha2: 'V1Alpha2' }[version]
    const service = `google.cloud.binaryauthorization.${version}.BinauthzManagementService${suffix}`
    return emulator().call(`binaryauthorization.${version}`, `${service}/${method}`, request)
  }

  test('one attestor is seen with userOwnedGrafeasNote in v1 and with userOwnedDrydockNote in the older versions', async () => {
    const noteReference = 'projects/versions-v1/notes/note'
    const created = await call('v1', 'CreateAttestor', {
      parent: 'projects/versions-v1',
      attestorId: 'prod',
      attestor: { userOwnedGrafeasNote: { noteReference, publicKeys: [{ pkixPublicKey: { ...pkixPublicKey, keyId: ID } }] } },
    })
    const { userOwnedGrafeasNote, ...rest } = created
    expect(userOwnedGrafeasNote.publicKeys).toEqual([{ id: ID, pkixPublicKey: { ...pkixPublicKey, keyId: ID } }])
    const older = { ...rest, userOwnedDrydockNote: { ...userOwnedGrafeasNote, publicKeys: [{ id: ID, pkixPublicKey }] } }
    for (const version of ['v1beta1', 'v1alpha2']) {
      expect(await call(version, 'GetAttestor', { name: created.name })).toEqual(older)
      expect(await call(version, 'ListAttestors', { parent: 'projects/versions-v1' })).toEqual({ attestors: [older] })
    }
  })

  test.each(['v1beta1', 'v1alpha2'])('an attestor can be created, updated and deleted in %s', async (version) => {
    const parent = `projects/versions-${version}`
    const noteReference = `${parent}/notes/note`
    const created = await call(version, 'CreateAttestor', {
      parent,
      attestorId: 'prod',
      attestor: { userOwnedDrydockNote: { noteReference } },
    })
    expect(created).toMatchObject({ name: `${parent}/attestors/prod`, userOwnedDrydockNote: { noteReference } })
    const updated = await call(version, 'UpdateAttestor', {
      attestor: { ...created, userOwnedDrydockNote: { ...created.userOwnedDrydockNote, publicKeys: [{ pkixPublicKey }] } },
    })
    expect(updated.userOwnedDrydockNote.publicKeys).toEqual([{ id: ID, pkixPublicKey }])
    const { userOwnedDrydockNote, ...rest } = updated
    expect(await call('v1', 'GetAttestor', { name: created.name })).toEqual({
      ...rest,
      userOwnedGrafeasNote: userOwnedDrydockNote,
    })
    await expect(call(version, 'UpdateAttestor', { attestor: created })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await call(version, 'DeleteAttestor', { name: created.name })).toEqual({})
    await expect(call('v1', 'GetAttestor', { name: created.name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('the field of one version is unknown to the others', async () => {
    const note = { noteReference: 'projects/versions-field/notes/note' }
    const create = (path: string, body: object) =>
      emulator().http('POST', `/${path}/projects/versions-field/attestors?attestorId=a`, body)
    for (const [path, body] of [
      ['v1', { userOwnedDrydockNote: note }],
      ['v1beta1', { userOwnedGrafeasNote: note }],
      ['v1alpha2', { userOwnedGrafeasNote: note }],
    ] as const)
      expect(await create(path, body)).toMatchObject({ status: 400, body: { error: { status: 'INVALID_ARGUMENT' } } })
  })

  test('a note of the legacy form providers/* is refused by name', async () => {
    const attestor = { userOwnedDrydockNote: { noteReference: 'providers/me/notes/note' } }
    await expect(
      call('v1beta1', 'CreateAttestor', { parent: 'projects/versions-legacy', attestorId: 'a', attestor }),
    ).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })

  test.each(['v1beta1', 'v1alpha2'])('a policy written in %s is the policy of v1, under the same conditions', async (version) => {
    const name = `projects/versions-policy-${version}/policy`
    const policy = { name, globalPolicyEvaluationMode: 'ENABLE', defaultAdmissionRule: DENY }
    const updated = await call(version, 'UpdatePolicy', { policy })
    expect(updated).toMatchObject(policy)
    expect(await call('v1', 'GetPolicy', { name })).toEqual(updated)
    expect(await call(version, 'GetPolicy', { name })).toEqual(updated)
    const twoMaps = { clusterAdmissionRules: { 'us-central1.a': DENY }, kubernetesNamespaceAdmissionRules: { a: DENY } }
    await expect(call(version, 'UpdatePolicy', { policy: { ...policy, ...twoMaps } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('IAM policies of attestors and of the policy are the same in all versions', async () => {
    const { name } = await call('v1', 'CreateAttestor', {
      parent: 'projects/versions-iam',
      attestorId: 'prod',
      attestor: { userOwnedGrafeasNote: { noteReference: 'projects/versions-iam/notes/note' } },
    })
    const bindings = [{ role: 'roles/binaryauthorization.attestorsVerifier', members: ['user:a@example.com'] }]
    const iam = (version: string, method: string, request: object) =>
      emulator().call(`binaryauthorization.${version}`, `google.iam.v1.IAMPolicy/${method}`, request)
    for (const resource of [name, 'projects/versions-iam/policy']) {
      await iam('v1alpha2', 'SetIamPolicy', { resource, policy: { bindings } })
      for (const version of ['v1', 'v1beta1', 'v1alpha2'])
        expect(await iam(version, 'GetIamPolicy', { resource })).toMatchObject({ bindings })
    }
    const permissions = ['binaryauthorization.attestors.get']
    expect(await iam('v1', 'TestIamPermissions', { resource: name, permissions })).toEqual({ permissions })
    const missing = 'projects/versions-iam/attestors/missing'
    await expect(iam('v1', 'GetIamPolicy', { resource: missing })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await iam('v1', 'TestIamPermissions', { resource: missing, permissions })).toEqual({})
  })
})
