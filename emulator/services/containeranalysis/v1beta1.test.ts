import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { registryOf } from '../../transports/descriptors.ts'

const parent = 'projects/my-app-prod'
const resourceUri = `https://gcr.io/my-app-prod/app@sha256:${'a1'.repeat(32)}`
const resource = { uri: resourceUri }
const serializedPayload = Buffer.from('{"critical":{}}').toString('base64')
const signatures = [{ signature: Buffer.from('signature').toString('base64'), publicKeyId: 'key' }]
const armored = '-----BEGIN PGP MESSAGE-----\n\nowGbwMvM=\n-----END PGP MESSAGE-----\n'

/** Oneofs of what both versions have, and what only v1 has. */
const NOTE_TYPES = {
  vulnerability: 'vulnerability',
  build: 'build',
  image: 'baseImage',
  package: 'package',
  deployment: 'deployable',
  discovery: 'discovery',
  attestation: 'attestationAuthority',
}
const DETAILS = {
  vulnerability: 'vulnerability',
  build: 'build',
  image: 'derivedImage',
  package: 'installation',
  deployment: 'deployment',
  discovery: 'discovered',
  attestation: 'attestation',
}

/** A message with a value in every field: the last of each oneof, the last value of each enum. */
function filled(message: DescMessage): Record<string, unknown> {
  const chosen = message.fields.filter((field) => !field.oneof || field.oneof.fields.at(-1) === field)
  const values = chosen.map((field) => [field.jsonName, filledField(field)] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

function filledField(field: DescField): unknown {
  const { message } = field
  if (message?.typeName === 'google.protobuf.Any') return undefined
  if (message && ['google.protobuf.Struct', 'google.protobuf.Value'].includes(message.typeName)) return undefined
  const one =
    message?.typeName === 'google.protobuf.Timestamp'
      ? '2020-01-02T03:04:05Z'
      : message
        ? filled(message)
        : field.enum
          ? field.enum.values.at(-1)!.name
          : ({
              [ScalarType.BYTES]: 'AQID',
              [ScalarType.STRING]: `a ${field.name}`,
              [ScalarType.BOOL]: true,
              [ScalarType.INT64]: '7',
            }[field.scalar as number] ?? 7)
  return field.fieldKind === 'list' ? [one] : field.fieldKind === 'map' ? { key: one } : one
}

const fieldOf = (api: string, message: string, name: string) =>
  registryOf(api)
    .getMessage(message)!
    .fields.find(({ jsonName }) => jsonName === name)!.message!

describeTransports('v1beta1', (emulator) => {
  const v1 = (method: string, request: object) => emulator().call('containeranalysis.v1', `grafeas.v1.Grafeas/${method}`, request)
  const beta = (method: string, request: object) =>
    emulator().call('containeranalysis.v1beta1', `grafeas.v1beta1.GrafeasV1Beta1/${method}`, request)
  const noteName = `${parent}/notes/signing`
  let made = 0
  const noteOf = async (field: string): Promise<string> =>
    (await v1('CreateNote', { parent, noteId: `of-${field}-${made++}`, note: { [field]: {} } })).name

  test('the attestation authority of v1beta1 is the attestation of v1, and its kind is the same', async () => {
    const note = {
      attestationAuthority: { hint: { humanReadableName: 'signing-aa' } },
      shortDescription: 'Image Policy Security Attestor',
    }
    const created = await beta('CreateNote', { parent, noteId: 'signing', note })
    expect(created).toMatchObject({ ...note, name: noteName, kind: 'ATTESTATION' })
    const { attestationAuthority, ...common } = created
    expect(await v1('GetNote', { name: noteName })).toEqual({ ...common, attestation: attestationAuthority })
    expect(await beta('GetNote', { name: noteName })).toEqual(created)
    expect((await beta('ListNotes', { parent })).notes).toEqual([created])
  })

  test('over HTTP, the note of old tutorials is accepted', async () => {
    const note = { name: `${parent}/notes/old`, attestation_authority: { hint: { human_readable_name: 'old' } } }
    const answer = await emulator().http('POST', `/v1beta1/${parent}/notes/?noteId=old`, note)
    expect(answer).toMatchObject({
      status: 200,
      body: { name: note.name, kind: 'ATTESTATION', attestationAuthority: { hint: { humanReadableName: 'old' } } },
    })
    const refused = await emulator().http('POST', `/v1beta1/${parent}/notes/?noteId=new`, { attestation: {} })
    expect(refused.body.error.message).toContain('Unknown name "attestation"')
  })

  test('a generic signed attestation of v1beta1 is an attestation of v1, and keeps its content type', async () => {
    const genericSignedAttestation = { contentType: 'SIMPLE_SIGNING_JSON', serializedPayload, signatures }
    const occurrence = { resource, noteName, attestation: { attestation: { genericSignedAttestation } } }
    const created = await beta('CreateOccurrence', { parent, occurrence })
    expect(created).toMatchObject({ ...occurrence, kind: 'ATTESTATION' })
    const { resource: _, attestation: __, ...common } = created
    expect(await v1('GetOccurrence', { name: created.name })).toEqual({
      ...common,
      resourceUri,
      attestation: { serializedPayload, signatures },
    })
    const filter = `resourceUrl="${resourceUri}"`
    expect((await beta('ListNoteOccurrences', { name: noteName, filter, pageSize: 100 })).occurrences).toEqual([created])
    expect(await beta('GetOccurrenceNote', { name: created.name })).toMatchObject({ attestationAuthority: {} })
    await expect(beta('CreateOccurrence', { parent, occurrence })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('a PGP signed attestation is one signature over no payload in v1, and reads back as PGP in v1beta1', async () => {
    const pgpSignedAttestation = { contentType: 'SIMPLE_SIGNING_JSON', signature: armored, pgpKeyId: 'ABCDEF' }
    const occurrence = { resource, noteName, attestation: { attestation: { pgpSignedAttestation } } }
    const { name } = await beta('CreateOccurrence', { parent, occurrence })
    expect((await v1('GetOccurrence', { name })).attestation).toEqual({
      signatures: [{ signature: Buffer.from(armored).toString('base64'), publicKeyId: 'ABCDEF' }],
    })
    expect(await beta('GetOccurrence', { name })).toMatchObject(occurrence)

    await v1('UpdateOccurrence', { name, occurrence: { remediation: 'none' } })
    expect(await beta('GetOccurrence', { name })).toMatchObject({ ...occurrence, remediation: 'none' })
    await v1('UpdateOccurrence', { name, occurrence: { attestation: { serializedPayload, signatures } } })
    expect((await beta('GetOccurrence', { name })).attestation).toEqual({
      attestation: { genericSignedAttestation: { serializedPayload, signatures } },
    })
  })

  test('what v1 alone can say survives an update through v1beta1 that does not touch it', async () => {
    const attestation = { serializedPayload, signatures, jwts: [{ compactJwt: 'a.b.c' }] }
    const occurrence = { resourceUri: `${resourceUri}?jwt`, noteName, attestation, envelope: { payloadType: 'x' } }
    const { name } = await v1('CreateOccurrence', { parent, occurrence })
    const shown = await beta('GetOccurrence', { name })
    expect(shown.attestation).toEqual({ attestation: { genericSignedAttestation: { serializedPayload, signatures } } })
    await beta('UpdateOccurrence', { name, occurrence: { ...shown, remediation: 'read, changed and written back' } })
    expect(await v1('GetOccurrence', { name })).toMatchObject({ ...occurrence, remediation: 'read, changed and written back' })

    const signed = { genericSignedAttestation: { serializedPayload, signatures: [{ publicKeyId: 'other' }] } }
    await beta('UpdateOccurrence', { name, occurrence: { attestation: { attestation: signed } }, updateMask: 'attestation' })
    expect((await v1('GetOccurrence', { name })).attestation).toEqual({
      serializedPayload,
      signatures: [{ publicKeyId: 'other' }],
    })
  })

  test('a mask may name a field inside the attestation of v1beta1', async () => {
    const { name } = await v1('CreateOccurrence', {
      parent,
      occurrence: { resourceUri: `${resourceUri}?mask`, noteName, attestation: { serializedPayload, signatures } },
    })
    const occurrence = { attestation: { attestation: { genericSignedAttestation: { contentType: 'SIMPLE_SIGNING_JSON' } } } }
    const updateMask = 'attestation.attestation.genericSignedAttestation.contentType'
    const updated = await beta('UpdateOccurrence', { name, occurrence, updateMask })
    expect(updated.attestation.attestation.genericSignedAttestation).toEqual({
      contentType: 'SIMPLE_SIGNING_JSON',
      serializedPayload,
      signatures,
    })
  })

  test('the resource, the note and the kind are immutable in v1beta1 too', async () => {
    const occurrence = { resource: { ...resource, name: 'app' }, noteName, attestation: { attestation: {} } }
    const { name } = await beta('CreateOccurrence', { parent, occurrence })
    for (const changed of [{ resource: { uri: 'gcr.io/p/x' } }, { noteName: `${parent}/notes/x` }, { build: {} }])
      await expect(beta('UpdateOccurrence', { name, occurrence: changed })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(beta('UpdateNote', { name: noteName, note: { build: {} } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await beta('GetOccurrence', { name })).toMatchObject(occurrence)
  })

  test('batches of v1beta1 create notes and occurrences', async () => {
    const notes = { one: { deployable: { resourceUri: ['a'] } }, two: { baseImage: { resourceUrl: 'b' } } }
    const created = await beta('BatchCreateNotes', { parent, notes })
    expect(created.notes).toMatchObject([
      { kind: 'DEPLOYMENT', ...notes.one },
      { kind: 'IMAGE', ...notes.two },
    ])
    const occurrences = [{ resource, noteName: `${parent}/notes/one`, deployment: { deployment: { address: 'x' } } }]
    expect((await beta('BatchCreateOccurrences', { parent, occurrences })).occurrences).toMatchObject(occurrences)
  })

  test('kritis finds scan results by its filters, and reads status, severity and fix', async () => {
    const project = 'projects/my-app-kritis'
    await v1('CreateNote', { parent: 'projects/goog-analysis', noteId: 'PACKAGE_VULNERABILITY', note: { discovery: {} } })
    await v1('CreateNote', { parent: 'projects/goog-vulnz', noteId: 'CVE-1', note: { vulnerability: {} } })
    const create = (occurrence: object) => v1('CreateOccurrence', { parent: project, occurrence: { resourceUri, ...occurrence } })
    await create({
      noteName: 'projects/goog-analysis/notes/PACKAGE_VULNERABILITY',
      discovery: { analysisStatus: 'COMPLETE', lastScanTime: '2026-01-01T00:00:00Z' },
    })
    await create({
      noteName: 'projects/goog-vulnz/notes/CVE-1',
      vulnerability: {
        effectiveSeverity: 'CRITICAL',
        packageIssue: [{ affectedPackage: 'ssl', fixedVersion: { kind: 'MAXIMUM' } }],
      },
    })
    const list = async (filter: string) => (await beta('ListOccurrences', { parent: project, filter, pageSize: 100 })).occurrences
    const image = `resourceUrl="${resourceUri}"`
    const [scan] = await list(`${image} AND noteProjectId="goog-analysis" AND noteId="PACKAGE_VULNERABILITY"`)
    expect(scan.discovered).toEqual({ discovered: { analysisStatus: 'FINISHED_SUCCESS' } })
    const [found] = await list(`${image} AND kind="PACKAGE_VULNERABILITY"`)
    expect(found.vulnerability).toEqual({
      effectiveSeverity: 'CRITICAL',
      packageIssue: [{ affectedLocation: { package: 'ssl' }, fixedLocation: { version: { kind: 'MAXIMUM' } } }],
    })
  })

  test('every field of a v1beta1 note reads back as given, and v1 can read the note', async () => {
    for (const [field, betaField] of Object.entries(NOTE_TYPES)) {
      const note = { [betaField]: filled(fieldOf('containeranalysis.v1beta1', 'grafeas.v1beta1.Note', betaField)) }
      const { name } = await beta('CreateNote', { parent, noteId: `beta-${field}`, note })
      expect(await beta('GetNote', { name })).toMatchObject(note)
      expect(await v1('GetNote', { name })).toHaveProperty(field)
    }
  })

  test('every field of a v1beta1 occurrence reads back as given, and v1 can read the occurrence', async () => {
    const hashed = filled(fieldOf('containeranalysis.v1beta1', 'grafeas.v1beta1.Occurrence', 'resource'))
    for (const [field, betaField] of Object.entries(DETAILS)) {
      const details = { [betaField]: filled(fieldOf('containeranalysis.v1beta1', 'grafeas.v1beta1.Occurrence', betaField)) }
      const occurrence = { resource: hashed, noteName: await noteOf(field), ...details }
      const { name } = await beta('CreateOccurrence', { parent, occurrence })
      expect(await beta('GetOccurrence', { name })).toMatchObject(occurrence)
      expect(await v1('GetOccurrence', { name })).toMatchObject({ resourceUri: hashed.uri, [field]: expect.anything() })
    }
  })

  test('every field of v1 reads back as given in v1 after v1beta1 has read it and written it back', async () => {
    for (const { jsonName: field, oneof } of registryOf('containeranalysis.v1').getMessage('grafeas.v1.Note')!.fields) {
      if (!oneof) continue
      const note = { [field]: filled(fieldOf('containeranalysis.v1', 'grafeas.v1.Note', field)) }
      const { name } = await v1('CreateNote', { parent, noteId: `v1-${field}`, note })
      const shown = await beta('GetNote', { name })
      await beta('UpdateNote', { name, note: { ...shown, shortDescription: 'seen' } })
      expect(await v1('GetNote', { name })).toMatchObject({ ...note, shortDescription: 'seen' })
    }
    for (const { jsonName: field, oneof } of registryOf('containeranalysis.v1').getMessage('grafeas.v1.Occurrence')!.fields) {
      if (!oneof) continue
      const details = { [field]: filled(fieldOf('containeranalysis.v1', 'grafeas.v1.Occurrence', field)) }
      const occurrence = { resourceUri, noteName: await noteOf(field), ...details }
      const { name } = await v1('CreateOccurrence', { parent, occurrence })
      const shown = await beta('GetOccurrence', { name })
      await beta('UpdateOccurrence', { name, occurrence: { ...shown, remediation: 'seen' } })
      expect(await v1('GetOccurrence', { name })).toMatchObject({ ...occurrence, remediation: 'seen' })
    }
  })

  test('a kind that v1beta1 has no name for shows its number there, and no details', async () => {
    const name = await noteOf('secret')
    const { createTime, updateTime } = await v1('GetNote', { name })
    expect(await beta('GetNote', { name })).toEqual({ name, kind: 13, createTime, updateTime })
  })

  test('a hash and a layer directive are an enum in v1beta1 and a text in v1', async () => {
    const image = {
      layerInfo: [
        { directive: 'RUN', arguments: 'a' },
        { directive: 'FROM', arguments: 'b' },
      ],
    }
    const { name } = await v1('CreateOccurrence', { parent, occurrence: { resourceUri, noteName: await noteOf('image'), image } })
    expect((await beta('GetOccurrence', { name })).derivedImage.derivedImage.layerInfo).toEqual([
      { directive: 'RUN', arguments: 'a' },
      { arguments: 'b' },
    ])
    const fileHashes = { 'main.go': { fileHash: [{ type: 'SHA256', value: 'AQID' }] } }
    const build = { provenance: { sourceProvenance: { fileHashes } } }
    const written = await beta('CreateOccurrence', { parent, occurrence: { resource, noteName: await noteOf('build'), build } })
    expect((await v1('GetOccurrence', { name: written.name })).build).toEqual(build)
  })
})
