import { expect, test } from 'vitest'
import { createApp } from '../../app.ts'
import { testClock } from '../../testing/clock.ts'
import { describeTransports, silent } from '../../testing/emulator.ts'
import { findAttestations } from './index.ts'

const API = 'containeranalysis.v1'
const parent = 'projects/my-app-prod'
const notes = 'projects/my-app-attestors'
const noteName = `${notes}/notes/qa`
const digest = `sha256:${'a1'.repeat(32)}`
const resourceUri = `https://europe-west2-docker.pkg.dev/my-app-prod/repo/app@${digest}`
const attestation = (payload: string) => ({
  serializedPayload: Buffer.from(payload).toString('base64'),
  signatures: [{ signature: Buffer.from('no signature at all').toString('base64'), publicKeyId: 'key' }],
})

describeTransports('occurrences', (emulator) => {
  const call = (method: string, request: object) => emulator().call(API, `grafeas.v1.Grafeas/${method}`, request)
  const create = (occurrence: object, under = parent) => call('CreateOccurrence', { parent: under, occurrence })
  const attest = (payload: string, more: object = {}, under = parent) =>
    create({ resourceUri, noteName, attestation: attestation(payload), ...more }, under)
  const createNote = (note: string, type: object = { attestation: {} }) =>
    call('CreateNote', { parent: note.split('/notes/')[0], noteId: note.split('/notes/')[1], note: type })
  const resources = async (method: string, request: object): Promise<string[]> =>
    ((await call(method, request)).occurrences ?? []).map((occurrence: { resourceUri: string }) => occurrence.resourceUri)

  test('an attestation gets a UUID for its name, may be signed by nobody, and its note may be in another project', async () => {
    await createNote(noteName)
    const created = await attest('first', { kind: 'BUILD', name: 'ignored' })
    expect(created).toEqual({
      name: expect.stringMatching(/^projects\/my-app-prod\/occurrences\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      resourceUri,
      noteName,
      kind: 'ATTESTATION',
      createTime: expect.stringMatching(/^2026-01-02T03:04:05\.\d{6}Z$/),
      updateTime: created.createTime,
      attestation: attestation('first'),
    })
    expect(await call('GetOccurrence', { name: created.name })).toEqual(created)
    expect(await call('GetOccurrenceNote', { name: created.name })).toMatchObject({ name: noteName, kind: 'ATTESTATION' })
  })

  test('the note may be named by the number of its project', async () => {
    const project = await emulator().http('GET', `/v1/${notes}/services/containeranalysis.googleapis.com`)
    const number = project.body.name.split('/')[1]
    expect(number).toMatch(/^\d{12}$/)
    expect(await attest('by number', { noteName: `projects/${number}/notes/qa` })).toMatchObject({ noteName })
  })

  test('resourceUri, noteName and one kind are required', async () => {
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(create({ noteName, attestation: {} })).rejects.toMatchObject(refused)
    await expect(create({ resourceUri, attestation: {} })).rejects.toMatchObject(refused)
    await expect(create({ resourceUri, noteName })).rejects.toMatchObject(refused)
    await expect(create({ resourceUri, noteName: 'qa', attestation: {} })).rejects.toMatchObject(refused)
  })

  test('the note must exist, and be of the kind of the occurrence', async () => {
    await expect(create({ resourceUri, noteName: `${notes}/notes/nowhere`, attestation: {} })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Requested entity was not found: note ${notes}/notes/nowhere`,
    })
    await expect(create({ resourceUri, noteName, build: {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('the same attestation twice is a conflict, whose text has all that scripts look for', async () => {
    const { name } = await attest('twice')
    const id = name.split('/').pop()
    await expect(attest('twice')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringMatching(
        `^Could not create occurrence ID "${id}".* is the subject of a conflict: .*occurrence ID "${id}" already exists`,
      ),
    })
    await attest('twice, with another payload')
    await attest('twice', { resourceUri: resourceUri.replace('https://', '') })
    await attest('twice', {}, 'projects/my-app-other')
    await call('DeleteOccurrence', { name })
    await attest('twice')
  })

  test('the occurrences of a note come from all projects, those of a project from all notes, each in order of creation', async () => {
    const note = `${notes}/notes/order`
    const uris = ['c', 'a', 'b'].map((image) => `gcr.io/p/${image}@${digest}`)
    const [first, second] = ['projects/my-app-one', 'projects/my-app-two']
    await createNote(note)
    for (const [index, uri] of uris.entries())
      await attest('order', { noteName: note, resourceUri: uri }, index === 1 ? second : first)
    expect(await resources('ListNoteOccurrences', { name: note })).toEqual(uris)
    expect(await resources('ListOccurrences', { parent: first })).toEqual([uris[0], uris[2]])
    const page = await call('ListNoteOccurrences', { name: note, pageSize: 2 })
    expect(page.occurrences).toHaveLength(2)
    expect(await resources('ListNoteOccurrences', { name: note, pageSize: 2, pageToken: page.nextPageToken })).toEqual([uris[2]])
  })

  test('a page has 20 occurrences unless asked otherwise, and at most 1000', async () => {
    const note = `${notes}/notes/pages`
    await createNote(note)
    const occurrences = Array.from({ length: 600 }, (_, i) => ({
      noteName: note,
      resourceUri: `gcr.io/p/i${i}`,
      attestation: {},
    }))
    for (const project of ['projects/my-pages-a', 'projects/my-pages-b'])
      await call('BatchCreateOccurrences', { parent: project, occurrences })
    expect(await resources('ListNoteOccurrences', { name: note })).toHaveLength(20)
    const all = await call('ListNoteOccurrences', { name: note, pageSize: 5000 })
    expect(all.occurrences).toHaveLength(1000)
    const rest = await resources('ListNoteOccurrences', { name: note, pageSize: 5000, pageToken: all.nextPageToken })
    expect(rest).toEqual(Array.from({ length: 200 }, (_, i) => `gcr.io/p/i${i + 400}`))
  })

  test('filters of gcloud, of the documentation and of kritis choose by resource, note and kind', async () => {
    const [under, note, vulnerability] = ['projects/my-app-filters', `${notes}/notes/filters`, 'projects/goog-vulnz/notes/CVE-1']
    const other = `gcr.io/p/other@sha256:${'b2'.repeat(32)}`
    const odd = `gcr.io/p/odd-${digest}`
    await createNote(note)
    await createNote(vulnerability, { vulnerability: {} })
    for (const uri of [resourceUri, other, odd]) await attest('filters', { noteName: note, resourceUri: uri }, under)
    await create({ resourceUri: other, noteName: vulnerability, vulnerability: { effectiveSeverity: 'HIGH' } }, under)

    const ofNote = (filter: string) => resources('ListNoteOccurrences', { name: note, filter })
    expect(await ofNote(`has_suffix(resourceUrl, "${digest}")`)).toEqual([resourceUri, odd])
    expect(await ofNote(`has_suffix(resourceUrl, "@${digest}") AND kind = "ATTESTATION"`)).toEqual([resourceUri])
    expect(await ofNote(`resourceUrl="${other}"`)).toEqual([other])
    expect(await ofNote(`resourceUri="${other}" OR resourceUrl="${resourceUri}"`)).toEqual([resourceUri, other])
    const inProject = (filter: string) => resources('ListOccurrences', { parent: under, filter })
    expect(
      await inProject('((kind = "BUILD") OR (kind = "VULNERABILITY")) AND (has_prefix(resourceUrl, "gcr.io/p/other"))'),
    ).toEqual([other])
    expect(await inProject(`resourceUrl="${other}" AND kind="PACKAGE_VULNERABILITY"`)).toEqual([other])
    expect(await inProject('noteProjectId="goog-vulnz" AND noteId="CVE-1"')).toEqual([other])
    expect(await inProject(`noteName="${note}" AND resource.uri="${odd}"`)).toEqual([odd])
    expect(await inProject('vulnerability.effectiveSeverity="HIGH"')).toEqual([other])
    await expect(inProject('image = "x" AND colour = "red"')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('an update changes what the mask names, and repeats of what is immutable do not matter', async () => {
    const created = await attest('before')
    const occurrence = { noteName, remediation: 'rebuild', attestation: attestation('after') }
    const updated = await call('UpdateOccurrence', { name: created.name, occurrence, updateMask: 'remediation,attestation' })
    expect(updated).toEqual({ ...created, ...occurrence, updateTime: expect.any(String) })
    expect(updated.updateTime > created.updateTime).toBe(true)
    const plain = await call('UpdateOccurrence', { name: created.name, occurrence: { remediation: 'none' } })
    expect(plain).toMatchObject({ remediation: 'none', attestation: occurrence.attestation, resourceUri })
  })

  test('resourceUri, noteName and kind of an occurrence are immutable', async () => {
    const { name } = await attest('immutable')
    for (const occurrence of [{ resourceUri: 'gcr.io/p/x' }, { noteName: `${notes}/notes/order` }, { build: {} }])
      await expect(call('UpdateOccurrence', { name, occurrence })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(call('UpdateOccurrence', { name, occurrence: {}, updateMask: 'resourceUri' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await call('GetOccurrence', { name })).toMatchObject({ resourceUri, noteName, kind: 'ATTESTATION' })
  })

  test('a batch creates all occurrences or none', async () => {
    const under = 'projects/my-app-batch'
    const [a, b] = ['a', 'b'].map((image) => ({ noteName, resourceUri: `gcr.io/p/${image}`, attestation: {} }))
    const created = await call('BatchCreateOccurrences', { parent: under, occurrences: [b, a] })
    expect(created.occurrences).toHaveLength(2)
    expect(await resources('ListOccurrences', { parent: under })).toEqual(['gcr.io/p/b', 'gcr.io/p/a'])
    const failing = [
      { ...a, resourceUri: 'gcr.io/p/c' },
      { ...a, noteName: `${notes}/notes/nowhere` },
    ]
    await expect(call('BatchCreateOccurrences', { parent: under, occurrences: failing })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await resources('ListOccurrences', { parent: under })).toHaveLength(2)
    for (const occurrences of [[], Array(1001).fill(a)])
      await expect(call('BatchCreateOccurrences', { parent: under, occurrences })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
  })

  test('an occurrence that is deleted is not found, and neither is its IAM policy', async () => {
    const { name } = await attest('deleted')
    const policy = { resource: name }
    const getIamPolicy = 'google.devtools.containeranalysis.v1.ContainerAnalysis/GetIamPolicy'
    expect(await emulator().call(API, getIamPolicy, policy)).toEqual({ etag: 'ACAB' })
    expect(await call('DeleteOccurrence', { name })).toEqual({})
    await expect(emulator().call(API, getIamPolicy, policy)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const method of ['GetOccurrence', 'DeleteOccurrence', 'UpdateOccurrence', 'GetOccurrenceNote'])
      await expect(call(method, { name })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'Requested entity was not found' })
  })

  test('an occurrence of a region refers to a note of the same region', async () => {
    const region = `${notes}/locations/europe-west2`
    await createNote(`${region}/notes/regional`)
    const regional = { noteName: `${region}/notes/regional`, resourceUri, attestation: {} }
    expect(await create(regional, region)).toMatchObject({
      kind: 'ATTESTATION',
      name: expect.stringContaining(`${region}/occurrences/`),
    })
    await expect(create(regional)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(create({ ...regional, noteName }, region)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('what is not emulated is refused by name', async () => {
    const { http } = emulator()
    const sbom = await http('POST', `/v1/${parent}/resources/https://gcr.io/p/app:exportSBOM`, {})
    expect(sbom).toMatchObject({
      status: 400,
      body: { error: { status: 'UNIMPLEMENTED', message: expect.stringContaining('ExportSBOM') } },
    })
    const partial = await http('GET', `/v1/${parent}/occurrences?returnPartialSuccess=true`)
    expect(partial.body.error).toMatchObject({
      status: 'UNIMPLEMENTED',
      message: expect.stringContaining('returnPartialSuccess'),
    })
  })
})

test('the attestations of an image are those of the note for its digest, in any project and repository, oldest first', async () => {
  const app = await createApp({ seed: false, clock: testClock(), log: silent })
  const call = (method: string, request: object): Promise<any> =>
    app.dispatcher.call(API, `grafeas.v1.Grafeas/${method}`, request)
  const found = (name: string, of = digest) => app.dispatcher.run((_: object, ctx) => findAttestations(ctx, name, of), {})
  const attest = (under: string, uri: string, note = noteName) =>
    call('CreateOccurrence', { parent: under, occurrence: { resourceUri: uri, noteName: note, attestation: attestation(uri) } })
  const region = `${notes}/locations/europe-west2`
  const build = `${notes}/notes/build`

  await call('CreateNote', { parent: notes, noteId: 'qa', note: { attestation: {} } })
  await call('CreateNote', { parent: notes, noteId: 'other', note: { attestation: {} } })
  await call('CreateNote', { parent: notes, noteId: 'build', note: { build: {} } })
  await call('CreateNote', { parent: region, noteId: 'qa', note: { attestation: {} } })
  const first = await attest(parent, `gcr.io/z/app@${digest}`)
  const second = await attest('projects/my-app-other', `https://gcr.io/a/b/app:v1@${digest}`)
  await attest(parent, `gcr.io/z/app@sha256:${'b2'.repeat(32)}`)
  await attest(parent, `gcr.io/z/app-${digest}`)
  await attest(parent, `gcr.io/z/app@${digest}?`)
  await attest(parent, `gcr.io/z/app@${digest}`, `${notes}/notes/other`)
  await attest(region, `gcr.io/z/app@${digest}`, `${region}/notes/qa`)
  await call('CreateOccurrence', { parent, occurrence: { resourceUri: `gcr.io/z/app@${digest}`, noteName: build, build: {} } })

  const shown = ({ name, resourceUri, attestation, createTime }: Record<string, unknown>) => ({
    name,
    resourceUri,
    noteName,
    attestation,
    createTime,
  })
  expect(await found(noteName)).toEqual([shown(first), shown(second)])
  expect(await found(noteName, digest.slice(7))).toEqual([])
  expect(await found(build)).toEqual([])
  expect(await found(`${region}/notes/qa`)).toEqual([])

  await call('DeleteNote', { name: noteName })
  expect(await found(noteName)).toEqual([])
  await call('CreateNote', { parent: notes, noteId: 'qa', note: { build: {} } })
  expect(await found(noteName)).toEqual([])
  await call('DeleteNote', { name: noteName })
  await call('CreateNote', { parent: notes, noteId: 'qa', note: { attestation: {} } })
  expect(await found(noteName)).toEqual([shown(first), shown(second)])
  app.close()
})
