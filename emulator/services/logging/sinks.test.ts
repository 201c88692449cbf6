import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const CONFIG = 'google.logging.v2.ConfigServiceV2'
const PUBSUB = 'pubsub.googleapis.com/projects/sinks-test/topics/alerts'

describeTransports('sinks', (emulator) => {
  const call = (method: string, request: object) => emulator().call('logging.v2', `${CONFIG}/${method}`, request)
  const create = (sink: object, more: object = {}) =>
    call('CreateSink', { parent: 'projects/sinks-test', sink: { destination: PUBSUB, ...sink }, ...more })
  const refusal = (message: string, code = 'INVALID_ARGUMENT') =>
    expect.objectContaining({ code, message: expect.stringContaining(message) })

  test('a sink is created, read, listed, updated and deleted', async () => {
    const created = await create({
      name: 'blocked',
      filter: 'severity>=ERROR',
      description: 'what was blocked',
      exclusions: [{ name: 'noise', filter: 'noise' }],
    })
    expect(created).toEqual({
      name: 'blocked',
      destination: PUBSUB,
      filter: 'severity>=ERROR',
      description: 'what was blocked',
      exclusions: [{ name: 'noise', filter: 'noise', createTime: expect.any(String), updateTime: expect.any(String) }],
      writerIdentity: 'serviceAccount:cloud-logs@system.gserviceaccount.com',
      createTime: expect.any(String),
      updateTime: expect.any(String),
    })
    const sinkName = 'projects/sinks-test/sinks/blocked'
    expect(await call('GetSink', { sinkName })).toEqual(created)
    const { sinks } = await call('ListSinks', { parent: 'projects/sinks-test' })
    expect(sinks.map(({ name }: any) => name)).toEqual(['_Default', '_Required', 'blocked'])
    const updated = await call('UpdateSink', {
      sinkName,
      sink: { filter: 'severity=CRITICAL', description: 'ignored' },
      updateMask: 'filter,disabled',
    })
    expect(updated).toEqual({ ...created, filter: 'severity=CRITICAL', updateTime: expect.any(String) })
    expect(await call('DeleteSink', { sinkName })).toEqual({})
    await expect(call('GetSink', { sinkName })).rejects.toEqual(refusal('Sink blocked does not exist', 'NOT_FOUND'))
    await expect(call('DeleteSink', { sinkName })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(call('UpdateSink', { sinkName, sink: { destination: PUBSUB } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('without a mask destination and filter are replaced, and nothing else', async () => {
    await create({ name: 'legacy', filter: 'a', description: 'kept' })
    const sink = { destination: 'storage.googleapis.com/bucket' }
    const updated = await call('UpdateSink', { sinkName: 'projects/sinks-test/sinks/legacy', sink })
    expect(updated).toMatchObject({ ...sink, description: 'kept' })
    expect(updated.filter).toBeUndefined()
  })

  test('a sink of its own account is of the project, and cannot go back to the shared one', async () => {
    const { writerIdentity } = await create({ name: 'unique' }, { uniqueWriterIdentity: true })
    expect(writerIdentity).toMatch(/^serviceAccount:service-\d{12}@gcp-sa-logging\.iam\.gserviceaccount\.com$/)
    const change = { sinkName: 'projects/sinks-test/sinks/unique', sink: { filter: 'b' }, updateMask: 'filter' }
    await expect(call('UpdateSink', change)).rejects.toEqual(refusal('unique_writer_identity cannot be changed'))
    expect(await call('UpdateSink', { ...change, uniqueWriterIdentity: true })).toMatchObject({ filter: 'b', writerIdentity })
  })

  test('a bucket of the same project needs no account', async () => {
    const destination = 'logging.googleapis.com/projects/sinks-test/locations/global/buckets/audit'
    expect((await create({ name: 'bucket', destination })).writerIdentity).toBeUndefined()
  })

  test('another project needs an account of its own', async () => {
    const destination = 'pubsub.googleapis.com/projects/another/topics/alerts'
    await expect(create({ name: 'cross', destination })).rejects.toEqual(
      refusal("The destination project must be the same as the sink's project. Use uniqueWriterIdentity=true"),
    )
    expect(await create({ name: 'cross', destination }, { uniqueWriterIdentity: true })).toMatchObject({ destination })
  })

  test('the sinks of the buckets _Default and _Required are there, and nobody changes them', async () => {
    const sinkName = 'projects/sinks-test/sinks/_Required'
    const required = await call('GetSink', { sinkName })
    expect(required.filter).toMatch(/^LOG_ID\("cloudaudit.googleapis.com\/activity"\) OR /)
    for (const [method, request] of [
      ['UpdateSink', { sinkName, sink: { filter: 'a' }, updateMask: 'filter' }],
      ['DeleteSink', { sinkName }],
    ] as const)
      await expect(call(method, request)).rejects.toEqual(refusal('the sink _Required', 'UNIMPLEMENTED'))
    await expect(create({ name: '_Default' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('a name is taken once', async () => {
    await create({ name: 'once' })
    await expect(create({ name: 'once' })).rejects.toEqual(refusal('Sink once already exists', 'ALREADY_EXISTS'))
  })

  test('sinks are listed in pages', async () => {
    const parent = 'projects/sinks-pages'
    const destination = 'storage.googleapis.com/bucket'
    for (const name of ['b', 'a', 'Z']) await call('CreateSink', { parent, sink: { name, destination } })
    const names: string[] = []
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const page: any = await call('ListSinks', { parent, pageSize: 2, pageToken })
      names.push(...page.sinks.map(({ name }: any) => name))
      pageToken = page.nextPageToken
    }
    expect(names).toEqual(['Z', '_Default', '_Required', 'a', 'b'])
    expect((await call('ListSinks', { parent, pageSize: -1 })).sinks).toHaveLength(5)
  })

  test.each([
    ['no name', { name: '' }, 'The sink identifier ""'],
    ['a name with a space', { name: 'a b' }, 'The sink identifier "a b"'],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, 'The sink identifier'],
    ['no destination', { destination: '' }, 'A sink must have a destination.'],
    ['another destination', { destination: 'example.com/x' }, 'The destination "example.com/x" is none of'],
    ['a filter that cannot be parsed', { filter: 'a==b' }, 'Unparseable filter: syntax error at line 1, column 2'],
    ['a filter of 20,001 characters', { filter: `--${' '.repeat(19_999)}` }, 'filter has 20001 characters'],
    ['a description of 8,001 characters', { description: 'a'.repeat(8001) }, 'description has 8001 characters'],
    ['an exclusion without filter', { exclusions: [{ name: 'a' }] }, 'The exclusion "a" must have a filter.'],
    ['an exclusion without name', { exclusions: [{ filter: 'a' }] }, 'The exclusion identifier ""'],
    ['an exclusion with a bad filter', { exclusions: [{ name: 'a', filter: 'thud=1' }] }, "Field not found: 'thud'."],
    [
      'two exclusions of one name',
      { exclusions: Array(2).fill({ name: 'a', filter: 'b' }) },
      'Two exclusions have the name "a".',
    ],
    [
      '51 exclusions',
      { exclusions: Array.from({ length: 51 }, (_, i) => ({ name: `a${i}`, filter: 'b' })) },
      'at most 50 exclusions',
    ],
    ['a webhook on another host', { destination: 'emulator.webhook/http://example.com/' }, 'not to "http://example.com/"'],
    ['a webhook on a host that looks like loopback', { destination: 'emulator.webhook/http://127.0.0.1@example.com/' }, 'not to'],
    ['a webhook on a host that begins like it', { destination: 'emulator.webhook/http://localhost.example.com/' }, 'not to'],
    ['a webhook of another protocol', { destination: 'emulator.webhook/file:///etc/passwd' }, 'not to'],
    ['a webhook that is no URL', { destination: 'emulator.webhook/:' }, 'is no URL: ":"'],
  ])('%s is refused', async (_, sink, message) => {
    await expect(create({ name: 'refused', ...sink })).rejects.toEqual(refusal(message))
  })

  test.each([
    ['another name', { name: 'other' }, 'filter', 'The name of the sink is "other" and not "mask".'],
    ['a mask of output fields', {}, 'writerIdentity', 'update_mask has "writerIdentity", which cannot be updated.'],
    ['a bad filter', { filter: '(' }, 'filter', 'Unparseable filter'],
  ])('an update with %s is refused', async (_, sink, updateMask, message) => {
    await create({ name: 'mask' }).catch(() => {})
    const update = { sinkName: 'projects/sinks-test/sinks/mask', sink, updateMask }
    await expect(call('UpdateSink', update)).rejects.toEqual(refusal(message))
  })

  test.each([
    ['includeChildren', true],
    ['outputVersionFormat', 'V1'],
    ['bigqueryOptions', { usePartitionedTables: true }],
  ])('the field %s, which has no effect here, is refused by name', async (field, value) => {
    await expect(create({ name: 'field', [field]: value })).rejects.toEqual(refusal(`Field sink.${field}`, 'UNIMPLEMENTED'))
  })
})
