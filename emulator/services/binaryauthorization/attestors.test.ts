import { generateKeyPairSync } from 'node:crypto'
import { generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const SERVICE = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'

/** Google's own example of a key and the id that is computed from it (making-attestations). */
const VECTOR = {
  der: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXnpuYEfvLl1kj4fjxViFRwY1a+zC5qzlf9LJIK+rnjq42tiKGyyXMbnZKJiYPPdMDGyltnkrABnztg2jJ48aYQ==',
  id: 'ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70',
}
const vectorKey = {
  pkixPublicKey: {
    publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${VECTOR.der.slice(0, 64)}\n${VECTOR.der.slice(64)}\n-----END PUBLIC KEY-----\n`,
    signatureAlgorithm: 'ECDSA_P256_SHA256',
  },
}

function pkixKey(id?: string) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' })
  return { ...(id && { id }), pkixPublicKey: { publicKeyPem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }
}

describeTransports('attestors', (emulator) => {
  const call = (method: string, request: object) => emulator().call('binaryauthorization.v1', `${SERVICE}/${method}`, request)
  const noteOf = (project: string) => `projects/${project}/notes/note`
  const create = (project: string, attestorId: string, publicKeys: object[] = [], attestor: object = {}) =>
    call('CreateAttestor', {
      parent: `projects/${project}`,
      attestorId,
      attestor: { userOwnedGrafeasNote: { noteReference: noteOf(project), publicKeys }, ...attestor },
    })
  const get = (name: string) => call('GetAttestor', { name })
  const update = (attestor: object) => call('UpdateAttestor', { attestor })

  test('an attestor is created with name, service account, time and etag, and without keys where none are given', async () => {
    const name = 'projects/attestor-create/attestors/prod'
    const created = await create('attestor-create', 'prod', [], { name, description: 'Production' })
    expect(created).toEqual({
      name,
      description: 'Production',
      userOwnedGrafeasNote: {
        noteReference: 'projects/attestor-create/notes/note',
        delegationServiceAccountEmail: expect.stringMatching(
          /^service-\d{12}@gcp-sa-binaryauthorization\.iam\.gserviceaccount\.com$/,
        ),
      },
      updateTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6}Z$/),
      etag: expect.stringMatching(/^".+"$/),
    })
    expect(await get(name)).toEqual(created)
  })

  test('attestors of one project have one service account, those of another have another', async () => {
    const email = async (project: string, id: string) =>
      (await create(project, id)).userOwnedGrafeasNote.delegationServiceAccountEmail
    const first = await email('attestor-email', 'a')
    expect(await email('attestor-email', 'b')).toBe(first)
    expect(await email('attestor-email-2', 'a')).not.toBe(first)
  })

  test('the id of a PKIX key is computed from its bytes, unless one is given', async () => {
    const id = '//cloudkms.googleapis.com/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'
    const { userOwnedGrafeasNote } = await create('attestor-pkix', 'prod', [{ ...vectorKey, comment: 'KMS' }, pkixKey(id)])
    expect(userOwnedGrafeasNote.publicKeys).toEqual([
      { ...vectorKey, comment: 'KMS', id: VECTOR.id },
      expect.objectContaining({ id }),
    ])
  })

  test('the id of a PGP key is its fingerprint, whatever id is given', async () => {
    const { publicKey } = await generateKey({ userIDs: [{ email: 'signer@example.com' }], type: 'ecc' })
    const { userOwnedGrafeasNote } = await create('attestor-pgp', 'prod', [{ id: 'mine', asciiArmoredPgpPublicKey: publicKey }])
    expect(userOwnedGrafeasNote.publicKeys).toEqual([
      { id: expect.stringMatching(/^[0-9A-F]{40}$/), asciiArmoredPgpPublicKey: publicKey },
    ])
  })

  test('a key that cannot verify anything is refused by its place in the list, and nothing is created', async () => {
    const wrong = { pkixPublicKey: { ...vectorKey.pkixPublicKey, signatureAlgorithm: 'RSA_PSS_2048_SHA256' } }
    await expect(create('attestor-bad-key', 'prod', [pkixKey(), wrong])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^public_keys\[1\]: .*RSA_PSS_2048_SHA256/),
    })
    await expect(get('projects/attestor-bad-key/attestors/prod')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('two keys of an attestor may not have the same id', async () => {
    await expect(create('attestor-same-key', 'given', [pkixKey('urn:a'), pkixKey('urn:a')])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'public_keys[1] has the ID "urn:a", which another key of the attestor has.',
    })
    await expect(create('attestor-same-key', 'computed', [vectorKey, vectorKey])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    const distinct = await create('attestor-same-key', 'distinct', [pkixKey('urn:a'), pkixKey('urn:b')])
    expect(distinct.userOwnedGrafeasNote.publicKeys).toHaveLength(2)
  })

  test('an attestor has 1000 keys at most', async () => {
    const keys = Array.from({ length: 1001 }, (_, index) => ({ ...vectorKey, id: `urn:key:${index}` }))
    await expect(create('attestor-many-keys', 'over', keys)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'public_keys has 1001 keys; the maximum is 1000.',
    })
    const full = await create('attestor-many-keys', 'full', keys.slice(1))
    expect(full.userOwnedGrafeasNote.publicKeys).toHaveLength(1000)
  })

  test('a project has 200 attestors at most', async () => {
    for (let index = 0; index < 200; index++) await create('attestor-quota', `attestor-${index}`)
    await expect(create('attestor-quota', 'one-more')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
    await expect(create('attestor-quota', 'attestor-0')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await call('DeleteAttestor', { name: 'projects/attestor-quota/attestors/attestor-7' })
    expect(await create('attestor-quota', 'one-more')).toMatchObject({ name: 'projects/attestor-quota/attestors/one-more' })
  })

  test('a second attestor of the same name is refused', async () => {
    await create('attestor-twice', 'prod')
    await expect(create('attestor-twice', 'prod')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: 'Attestor projects/attestor-twice/attestors/prod already exists.',
    })
  })

  test('the id is required and made of letters, digits, dots, - and _', async () => {
    expect(await create('attestor-id', 'Prod_1.a-b')).toMatchObject({ name: 'projects/attestor-id/attestors/Prod_1.a-b' })
    for (const id of ['', '-prod', 'a b', 'a:b', 'a/b', 'ä', 'a'.repeat(129)])
      await expect(create('attestor-id', id), id).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a name in the body is overwritten by that of parent and id', async () => {
    expect(await create('attestor-name', 'prod', [], { name: 'projects/attestor-name/attestors/qa' })).toMatchObject({
      name: 'projects/attestor-name/attestors/prod',
    })
  })

  test('a note reference is required and has a project id, not a number', async () => {
    const parent = 'projects/attestor-note'
    const withNote = (noteReference?: string) =>
      call('CreateAttestor', { parent, attestorId: 'prod', attestor: { userOwnedGrafeasNote: { noteReference } } })
    for (const reference of [
      undefined,
      '',
      'notes/n',
      'projects/p/notes/',
      'projects/123456789012/notes/n',
      'projects/-/notes/n',
      'projects/UPPER/notes/n',
    ])
      await expect(withNote(reference), reference).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/note_reference|UPPER/),
      })
    await expect(call('CreateAttestor', { parent, attestorId: 'prod', attestor: {} })).rejects.toMatchObject({
      message: 'note_reference must be set.',
    })
    expect(await withNote('projects/another-project/notes/n')).toMatchObject({ name: 'projects/attestor-note/attestors/prod' })
  })

  test('an update replaces description and keys, fills in ids, and keeps the rest', async () => {
    const created = await create('attestor-update', 'prod', [vectorKey], { description: 'old' })
    const key = pkixKey()
    emulator().clock.advance(1000)
    const updated = await update({
      name: created.name,
      description: 'new',
      userOwnedGrafeasNote: {
        noteReference: noteOf('attestor-update'),
        publicKeys: [key],
        delegationServiceAccountEmail: 'x@y.z',
      },
    })
    expect(updated).toEqual({
      ...created,
      description: 'new',
      userOwnedGrafeasNote: {
        ...created.userOwnedGrafeasNote,
        publicKeys: [{ ...key, id: expect.stringMatching(/^ni:\/\/\/sha-256;/) }],
      },
      updateTime: expect.any(String),
      etag: expect.any(String),
    })
    expect(updated.updateTime > created.updateTime).toBe(true)
    expect(updated.etag).not.toBe(created.etag)
    expect(await get(created.name)).toEqual(updated)
  })

  test('keys that an update leaves out are gone, and so is the description', async () => {
    const { name } = await create('attestor-lose', 'prod', [vectorKey], { description: 'old' })
    const updated = await update({ name, userOwnedGrafeasNote: { noteReference: noteOf('attestor-lose') } })
    expect(updated).not.toHaveProperty('description')
    expect(updated.userOwnedGrafeasNote).not.toHaveProperty('publicKeys')
  })

  test('an attestor that was read can be written back as it is, as gcloud does to add a key', async () => {
    const created = await create('attestor-echo', 'prod', [vectorKey])
    const { userOwnedGrafeasNote: note } = created
    const written = await update({ ...created, userOwnedGrafeasNote: { ...note, publicKeys: [...note.publicKeys, pkixKey()] } })
    expect(written.userOwnedGrafeasNote.publicKeys.map(({ id }: { id: string }) => id)).toEqual([
      VECTOR.id,
      expect.stringMatching(/^ni:/),
    ])
  })

  test('an update with the etag of an older attestor is aborted and changes nothing', async () => {
    const created = await create('attestor-stale', 'prod', [vectorKey])
    const { etag, ...withoutEtag } = await update(created)
    await expect(update({ ...created, userOwnedGrafeasNote: { noteReference: noteOf('attestor-stale') } })).rejects.toMatchObject(
      {
        code: 'ABORTED',
      },
    )
    expect(await get(created.name)).toEqual({ ...withoutEtag, etag })
    expect(await update(withoutEtag)).toMatchObject({ name: created.name })
  })

  test('the note of an attestor cannot be changed', async () => {
    const { name } = await create('attestor-fixed', 'prod')
    for (const note of [{ noteReference: 'projects/attestor-fixed/notes/other' }, {}, undefined])
      await expect(update({ name, ...(note && { userOwnedGrafeasNote: note }) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('cannot be changed'),
      })
  })

  test('an attestor that does not exist is not found', async () => {
    const name = 'projects/attestor-missing/attestors/prod'
    const error = { code: 'NOT_FOUND', message: `Attestor ${name} not found.` }
    await expect(get(name)).rejects.toMatchObject(error)
    await expect(call('DeleteAttestor', { name })).rejects.toMatchObject(error)
    const attestor = { name, userOwnedGrafeasNote: { noteReference: noteOf('attestor-missing') } }
    await expect(update(attestor)).rejects.toMatchObject(error)
  })

  test('a deleted attestor is gone, with its IAM policy', async () => {
    const { name } = await create('attestor-delete', 'prod')
    const iam = (method: string, request: object) =>
      emulator().call('binaryauthorization.v1', `google.iam.v1.IAMPolicy/${method}`, { resource: name, ...request })
    const bindings = [{ role: 'roles/binaryauthorization.attestorsViewer', members: ['user:a@example.com'] }]
    await iam('SetIamPolicy', { policy: { bindings } })
    expect(await iam('GetIamPolicy', {})).toMatchObject({ bindings })
    expect(await call('DeleteAttestor', { name })).toEqual({})
    await expect(get(name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(iam('GetIamPolicy', {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await create('attestor-delete', 'prod')
    expect(await iam('GetIamPolicy', {})).not.toHaveProperty('bindings')
  })

  test('the list is sorted by name and goes on with a page token', async () => {
    for (const id of ['c', 'a', 'b']) await create('attestor-list', id)
    await create('attestor-list-2', 'other')
    const list = (request: object) => call('ListAttestors', { parent: 'projects/attestor-list', ...request })
    const names = ({ attestors }: { attestors: { name: string }[] }) => attestors.map(({ name }) => name.split('/')[3])
    const first = await list({ pageSize: 2 })
    expect(names(first)).toEqual(['a', 'b'])
    const second = await list({ pageSize: 2, pageToken: first.nextPageToken })
    expect(names(second)).toEqual(['c'])
    expect(second).not.toHaveProperty('nextPageToken')
    expect(names(await list({}))).toEqual(['a', 'b', 'c'])
    await expect(list({ pageToken: 'made-up' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(list({ pageSize: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a page has 100 attestors unless more are asked for', async () => {
    for (let index = 0; index < 101; index++) await create('attestor-pages', `attestor-${index}`)
    const list = (request: object) => call('ListAttestors', { parent: 'projects/attestor-pages', ...request })
    expect((await list({})).attestors).toHaveLength(100)
    expect((await list({ pageSize: 200 })).attestors).toHaveLength(101)
  })

  test('a project without attestors has an empty list, a number that no project has is refused', async () => {
    expect(await call('ListAttestors', { parent: 'projects/attestor-none' })).toEqual({})
    for (const parent of ['projects/999999999999', 'projects/-'])
      await expect(call('ListAttestors', { parent })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a body in snake_case is the same attestor', async () => {
    const { status, body } = await emulator().http('POST', '/v1/projects/attestor-snake/attestors?attestor_id=prod', {
      user_owned_grafeas_note: {
        note_reference: noteOf('attestor-snake'),
        public_keys: [
          {
            pkix_public_key: { public_key_pem: vectorKey.pkixPublicKey.publicKeyPem, signature_algorithm: 'EC_SIGN_P256_SHA256' },
          },
        ],
      },
    })
    expect(status).toBe(200)
    expect(body.userOwnedGrafeasNote.publicKeys).toEqual([{ ...vectorKey, id: VECTOR.id }])
  })
})
