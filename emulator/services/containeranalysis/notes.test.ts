import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const parent = 'projects/my-app-prod'
const ATTESTATION = { attestation: { hint: { humanReadableName: 'qa' } } }

describeTransports('notes', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('containeranalysis.v1', `grafeas.v1.Grafeas/${method}`, request)
  const create = (noteId: string, note: object = ATTESTATION, under = parent) =>
    call('CreateNote', { parent: under, noteId, note })
  const iam = (method: string, request: object) =>
    emulator().call('containeranalysis.v1', `google.devtools.containeranalysis.v1.ContainerAnalysis/${method}`, request)

  test('a note is created with its name, its kind and the time with six digits, and read back the same', async () => {
    const created = await create('qa', { ...ATTESTATION, shortDescription: 'quality' })
    expect(created).toEqual({
      name: `${parent}/notes/qa`,
      shortDescription: 'quality',
      kind: 'ATTESTATION',
      createTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6}Z$/),
      updateTime: created.createTime,
      ...ATTESTATION,
    })
    expect(await call('GetNote', { name: created.name })).toEqual(created)
  })

  test('name, kind and times are output only: what a client sends of them is ignored', async () => {
    const sent = { name: 'projects/my-app-other/notes/x', kind: 'BUILD', createTime: '2001-01-01T00:00:00Z', ...ATTESTATION }
    const created = await create('output-only', sent)
    expect(created).toMatchObject({ name: `${parent}/notes/output-only`, kind: 'ATTESTATION' })
    expect(created.createTime).toMatch(/^2026/)
  })

  test('every kind of note is stored as given', async () => {
    const kinds: [string, string, object][] = [
      ['VULNERABILITY', 'vulnerability', { severity: 'HIGH', details: [{ affectedCpeUri: 'cpe:/o:debian', vendor: 'debian' }] }],
      ['BUILD', 'build', { builderVersion: '1' }],
      ['IMAGE', 'image', { resourceUrl: 'https://gcr.io/p/base' }],
      ['PACKAGE', 'package', { name: 'openssl' }],
      ['DEPLOYMENT', 'deployment', { resourceUri: ['https://gcr.io/p/app'] }],
      ['DISCOVERY', 'discovery', { analysisKind: 'VULNERABILITY' }],
      ['UPGRADE', 'upgrade', { package: 'openssl' }],
      ['COMPLIANCE', 'compliance', { title: 'CIS', cisBenchmark: { profileLevel: 1 } }],
      ['DSSE_ATTESTATION', 'dsseAttestation', { hint: { humanReadableName: 'dsse' } }],
      ['VULNERABILITY_ASSESSMENT', 'vulnerabilityAssessment', { title: 'vex' }],
      ['SBOM_REFERENCE', 'sbomReference', { format: 'spdx' }],
      ['SECRET', 'secret', {}],
    ]
    for (const [kind, field, type] of kinds)
      expect(await create(`kind-${field}`, { [field]: type })).toMatchObject({ kind, [field]: type })
  })

  test('a note without a kind is refused', async () => {
    await expect(create('nothing', { shortDescription: 'empty' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('The note has no kind'),
    })
  })

  test('an id is required, and one with a space or more than 255 characters is refused', async () => {
    for (const noteId of ['', 'a b', 'x'.repeat(256)])
      await expect(create(noteId)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('note_id'),
      })
  })

  test('a second note of the same id is refused', async () => {
    await create('twice')
    await expect(create('twice')).rejects.toMatchObject({ code: 'ALREADY_EXISTS', message: 'note ID "twice" already exists' })
  })

  test('a note that does not exist is not found, in the words of Container Analysis', async () => {
    for (const method of ['GetNote', 'DeleteNote', 'UpdateNote', 'ListNoteOccurrences'])
      await expect(call(method, { name: `${parent}/notes/nowhere` })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'Requested entity was not found',
      })
  })

  test('the list is sorted by name, 20 a page unless asked otherwise, and goes on with a page token', async () => {
    const list = 'projects/my-app-list'
    const notes = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`n${String(i).padStart(2, '0')}`, ATTESTATION]))
    await call('BatchCreateNotes', { parent: list, notes })
    const first = await call('ListNotes', { parent: list })
    expect(first.notes).toHaveLength(20)
    const second = await call('ListNotes', { parent: list, pageToken: first.nextPageToken })
    expect(second.notes.map(({ name }: { name: string }) => name)).toEqual([20, 21, 22, 23, 24].map((i) => `${list}/notes/n${i}`))
    expect(second.nextPageToken).toBeUndefined()
    await expect(call('ListNotes', { parent: list, pageSize: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a filter chooses by kind and by time, and an unknown field in it is refused', async () => {
    const list = 'projects/my-app-filter'
    await create('a', ATTESTATION, list)
    await create('b', { build: {} }, list)
    const names = async (filter: string) =>
      ((await call('ListNotes', { parent: list, filter })).notes ?? []).map(({ name }: { name: string }) => name)
    expect(await names('kind = "BUILD"')).toEqual([`${list}/notes/b`])
    expect(await names('kind = "ATTESTATION" AND createTime > "2019-04-10T"')).toEqual([`${list}/notes/a`])
    expect(await names('createTime > "2030-01-01T00:00:00Z"')).toEqual([])
    await expect(names('colour = "red"')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('unknown field "colour"'),
    })
  })

  test('an update without mask replaces the fields that are sent, and moves updateTime alone', async () => {
    const created = await create('patched', {
      ...ATTESTATION,
      shortDescription: 'old',
      longDescription: 'stays',
      relatedUrl: [{ url: 'a' }, { url: 'b' }],
    })
    emulator().clock.advance(1000)
    const note = { shortDescription: 'new', relatedUrl: [{ url: 'b' }] }
    const updated = await call('UpdateNote', { name: created.name, note })
    expect(updated).toEqual({ ...created, ...note, updateTime: expect.any(String) })
    expect(updated.updateTime > created.updateTime).toBe(true)
    expect(await call('GetNote', { name: created.name })).toEqual(updated)
  })

  test("Terraform's mask names the attestation attestationAuthority, and clears what the body leaves out", async () => {
    const { name } = await create('terraform', { ...ATTESTATION, shortDescription: 'old', longDescription: 'stays' })
    const note = { attestation: { hint: { humanReadableName: 'renamed' } }, longDescription: 'not in the mask' }
    const updated = await call('UpdateNote', { name, note, updateMask: 'shortDescription,attestationAuthority' })
    expect(updated).toMatchObject({ longDescription: 'stays', attestation: note.attestation, kind: 'ATTESTATION' })
    expect(updated.shortDescription).toBeUndefined()
  })

  test('the mask * replaces all that can change', async () => {
    const { name } = await create('star', { ...ATTESTATION, shortDescription: 'old' })
    const updated = await call('UpdateNote', { name, note: { ...ATTESTATION, longDescription: 'new' }, updateMask: '*' })
    expect(updated).toMatchObject({ name, longDescription: 'new', kind: 'ATTESTATION' })
    expect(updated.shortDescription).toBeUndefined()
  })

  test('the kind of a note cannot change, and a mask with an unknown path is refused', async () => {
    const { name } = await create('kind')
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(call('UpdateNote', { name, note: { build: {} } })).rejects.toMatchObject(refused)
    await expect(call('UpdateNote', { name, note: { build: {} }, updateMask: 'attestation,build' })).rejects.toMatchObject(
      refused,
    )
    await expect(call('UpdateNote', { name, note: {}, updateMask: 'attestation' })).rejects.toMatchObject(refused)
    await expect(call('UpdateNote', { name, note: {}, updateMask: 'colour' })).rejects.toMatchObject(refused)
    expect(await call('GetNote', { name })).toMatchObject({ kind: 'ATTESTATION', ...ATTESTATION })
  })

  test('a batch creates all notes or none', async () => {
    const batch = 'projects/my-app-batch'
    const answer = await call('BatchCreateNotes', { parent: batch, notes: { a: ATTESTATION, b: { build: {} } } })
    expect(answer.notes.map(({ name, kind }: Record<string, string>) => [name, kind])).toEqual([
      [`${batch}/notes/a`, 'ATTESTATION'],
      [`${batch}/notes/b`, 'BUILD'],
    ])
    await expect(call('BatchCreateNotes', { parent: batch, notes: { c: ATTESTATION, a: ATTESTATION } })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    await expect(call('GetNote', { name: `${batch}/notes/c` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a batch has at least one note and at most 1000', async () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`n${i}`, ATTESTATION]))
    for (const notes of [{}, many])
      await expect(call('BatchCreateNotes', { parent, notes })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('a note has an IAM policy of its own, which goes with it', async () => {
    const { name: resource } = await create('iam')
    const bindings = [{ role: 'roles/containeranalysis.notes.occurrences.viewer', members: ['user:a@example.com'] }]
    expect(await iam('GetIamPolicy', { resource })).toEqual({ etag: 'ACAB' })
    await iam('SetIamPolicy', { resource, policy: { bindings } })
    expect(await iam('GetIamPolicy', { resource })).toMatchObject({ bindings })
    const permissions = ['containeranalysis.notes.attachOccurrence']
    expect(await iam('TestIamPermissions', { resource, permissions })).toEqual({ permissions })
    expect(await call('DeleteNote', { name: resource })).toEqual({})
    await expect(iam('GetIamPolicy', { resource })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await create('iam')
    expect(await iam('GetIamPolicy', { resource })).toEqual({ etag: 'ACAB' })
  })

  test('a note of a region stands beside the global one, and the location "global" is refused by name', async () => {
    const regional = `${parent}/locations/europe-west2`
    await create('regional', ATTESTATION, regional)
    expect(await call('GetNote', { name: `${regional}/notes/regional` })).toMatchObject({ kind: 'ATTESTATION' })
    await expect(call('GetNote', { name: `${parent}/notes/regional` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(create('n', ATTESTATION, `${parent}/locations/global`)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    await expect(create('n', ATTESTATION, `${parent}/locations/atlantis`)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    for (const everywhere of ['projects/-', 'projects/-/locations/europe-west2'])
      await expect(create('n', ATTESTATION, everywhere)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('over HTTP, the path may end in a slash, fields may be snake_case, and getIamPolicy is a POST', async () => {
    const note = { attestation: { hint: { human_readable_name: 'curl' } }, short_description: 'by curl' }
    const created = await emulator().http('POST', `/v1/${parent}/notes/?noteId=curl`, note)
    expect(created).toMatchObject({ status: 200, body: { attestation: { hint: { humanReadableName: 'curl' } } } })
    expect(await emulator().http('POST', `/v1/${parent}/notes/curl:getIamPolicy`)).toMatchObject({ status: 200 })
  })

  test('over HTTP, the v1beta1 name attestation_authority is unknown to v1', async () => {
    const note = { name: `${parent}/notes/old`, attestation_authority: { hint: { human_readable_name: 'old' } } }
    const answer = await emulator().http('POST', `/v1/${parent}/notes/?noteId=old`, note)
    expect(answer.status).toBe(400)
    expect(answer.body.error.message).toContain('Unknown name "attestation_authority"')
  })
})
