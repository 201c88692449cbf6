import { beforeAll, expect, test } from 'vitest'
import { describeTransports, startTestEmulator } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'

describeTransports('entries.list', (emulator) => {
  const list = (request: object) =>
    emulator().call('logging.v2', `${LOGGING}/ListLogEntries`, { resourceNames: ['projects/reading'], ...request })
  const texts = async (request: object) =>
    ((await list(request)).entries ?? []).map(({ textPayload }: { textPayload: string }) => textPayload)
  const write = (log: string, entries: object[], project = 'reading') =>
    emulator().call('logging.v2', `${LOGGING}/WriteLogEntries`, {
      logName: `projects/${project}/logs/${log}`,
      resource: { type: 'global' },
      entries,
    })

  beforeAll(async () => {
    await write('b', [
      { timestamp: '2026-01-02T00:00:03Z', textPayload: 'three', severity: 'ERROR', labels: { 'a.b/c': 'Yes' } },
      { timestamp: '2026-01-02T00:00:01Z', textPayload: 'one' },
    ])
    await write('a%2Fx', [
      { timestamp: '2026-01-02T00:00:04Z', textPayload: 'four', severity: 'INFO' },
      { timestamp: '2026-01-02T00:00:02.5Z', textPayload: 'two', severity: 'WARNING', traceSampled: true },
    ])
    await write('b', [{ timestamp: '2026-01-02T00:00:00Z', textPayload: 'elsewhere' }], 'another-project')
  })

  test('entries of all logs are in the order of their timestamps, oldest first', async () => {
    const inOrder = ['one', 'two', 'three', 'four']
    expect(await texts({})).toEqual(inOrder)
    expect(await texts({ orderBy: 'timestamp asc' })).toEqual(inOrder)
    expect(await texts({ orderBy: 'timestamp desc' })).toEqual(inOrder.toReversed())
  })

  test('entries with the same timestamp are in the order of their insertIds', async () => {
    const timestamp = '2026-01-02T00:00:00Z'
    await write(
      'x',
      ['b', 'a'].map((insertId) => ({ timestamp, insertId, textPayload: insertId })),
      'same-time',
    )
    await write('w', [{ timestamp, insertId: 'aa', textPayload: 'aa' }], 'same-time')
    expect(await texts({ resourceNames: ['projects/same-time'] })).toEqual(['a', 'aa', 'b'])
  })

  test('several projects can be read at once, each once', async () => {
    const resourceNames = ['projects/reading', 'projects/another-project', 'projects/reading']
    expect(await texts({ resourceNames })).toEqual(['elsewhere', 'one', 'two', 'three', 'four'])
  })

  test.each([
    ['severity>=WARNING', ['two', 'three']],
    ['severity=DEFAULT', ['one']],
    ['severity!=ERROR', ['one', 'two', 'four']],
    ['NOT severity>=INFO', ['one']],
    ['traceSampled=false', ['one', 'three', 'four']],
    ['logName="projects/reading/logs/a%2Fx"', ['two', 'four']],
    ['logName="PROJECTS/READING/LOGS/a%2fx"', ['two', 'four']],
    ['logName:"%2Fx"', ['two', 'four']],
    ['logName!="projects/reading/logs/b"', ['two', 'four']],
    ['logName=("projects/reading/logs/b" OR "x")', ['one', 'three']],
    ['logName="projects/another-project/logs/b"', []],
    ['textPayload:T', ['two', 'three']],
    ['textPayload=tw*', ['two']],
    ['"FOU"', ['four']],
    ['labels."a.b/c"="yes"', ['three']],
    ['labels:*', ['three']],
    ['resource.type="global" AND resource.labels.project_id="reading" ("one" OR "four")', ['one', 'four']],
    ['timestamp>="2026-01-02T00:00:02.5Z"', ['two', 'three', 'four']],
    ['timestamp>"2026-01-02T00:00:02.5Z"', ['three', 'four']],
    ['timestamp<="2026-01-02T00:00:02.5Z" timestamp>"2026-01-02T00:00:00Z"', ['one', 'two']],
    ['timestamp="2026-01-02T01:00:02.5+01:00"', ['two']],
    ['timestamp<"2026-01-02T00:00:02Z" OR severity=ERROR', ['one', 'three']],
    ['timestamp>="9999-12-31T23:59:59-23:00"', []],
  ])('the filter %s', async (filter, expected) => {
    for (const orderBy of ['timestamp asc', 'timestamp desc'])
      expect(await texts({ filter, orderBy })).toEqual(orderBy.endsWith('asc') ? expected : expected.toReversed())
  })

  test.each([
    ['severity>=LOUD', 'no value "LOUD"'],
    ['serverity=ERROR', 'unknown field "serverity"'],
    ['textPayload=~"a"', 'operator "=~"'],
    ['log_id("a/x")', 'function "log_id"'],
    ['-- a comment', 'unexpected "-"'],
    ['(', 'unexpected end'],
  ])('the filter %s is refused', async (filter, message) => {
    await expect(list({ filter })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test.each(['timestamp asc', 'timestamp desc'])('pages follow each other without gap or overlap: %s', async (orderBy) => {
    const pages: string[][] = []
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const page: any = await list({ orderBy, pageSize: 1, filter: 'NOT textPayload=three', pageToken })
      pages.push(page.entries.map(({ textPayload }: { textPayload: string }) => textPayload))
      pageToken = page.nextPageToken
    }
    const expected = [['one'], ['two'], ['four']]
    expect(pages).toEqual(orderBy.endsWith('asc') ? expected : expected.toReversed())
  })

  test('one entry in two logs is one, also at the end of a page', async () => {
    const entry = { timestamp: '2026-01-02T00:00:00Z', insertId: 'same' }
    await write(
      'x',
      [
        { ...entry, textPayload: 'x' },
        { timestamp: '2026-01-02T00:00:01Z', textPayload: 'next' },
      ],
      'duplicates',
    )
    await write('y', [{ ...entry, textPayload: 'y' }], 'duplicates')
    await write('y', [{ ...entry, textPayload: 'of another project' }], 'duplicates-2')
    const resourceNames = ['projects/duplicates-2', 'projects/duplicates']
    expect(await texts({ resourceNames })).toEqual(['of another project', 'x', 'next'])
    const { nextPageToken } = await list({ resourceNames, pageSize: 1 })
    const second = await list({ resourceNames, pageSize: 1, pageToken: nextPageToken })
    expect(second.entries).toMatchObject([{ textPayload: 'x' }])
    expect(await texts({ resourceNames, pageToken: second.nextPageToken })).toEqual(['next'])
  })

  test('a page has 50 entries unless asked otherwise', async () => {
    const entries = Array.from({ length: 451 }, (_, index) => ({ textPayload: `n${index}` }))
    await write('many', entries, 'many-entries')
    const resourceNames = ['projects/many-entries']
    expect((await list({ resourceNames })).entries).toHaveLength(50)
    const { entries: all, nextPageToken } = await list({ resourceNames, pageSize: 1000 })
    expect(all.map(({ textPayload }: { textPayload: string }) => textPayload)).toEqual(
      entries.map(({ textPayload }) => textPayload),
    )
    expect(nextPageToken).toBeUndefined()
  })

  test('a page token is for the request that it came from', async () => {
    const { nextPageToken } = await list({ pageSize: 1 })
    for (const other of [
      { filter: 'severity>=INFO' },
      { orderBy: 'timestamp desc' },
      { resourceNames: ['projects/other-project'] },
    ])
      await expect(list({ ...other, pageToken: nextPageToken })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(list({ pageToken: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test.each([
    ['no resource names', { resourceNames: [] }],
    ['more than 100 resource names', { resourceNames: Array(101).fill('projects/reading') }],
    ['all projects', { resourceNames: ['projects/-'] }],
    ['a resource that is no project', { resourceNames: ['reading'] }],
    ['a log as resource', { resourceNames: ['projects/reading/logs/b'] }],
    ['a negative page size', { pageSize: -1 }],
    ['a page size over 1000', { pageSize: 1001 }],
    ['another order', { orderBy: 'severity desc' }],
    ['a filter over 20,000 characters', { filter: `"${'x'.repeat(20_000)}"` }],
  ])('%s is refused', async (_, request) => {
    await expect(list(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test.each(['organizations/1', 'folders/1', 'billingAccounts/A', 'projects/p/locations/global/buckets/_Default/views/_AllLogs'])(
    'the resource %s is refused by name',
    async (name) => {
      await expect(list({ resourceNames: [name] })).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: expect.stringContaining(name),
      })
    },
  )
})

test('with --strict-projects a project that does not exist can neither be read nor written to', async () => {
  const emulator = await startTestEmulator({ strictProjects: true })
  try {
    const entries = [{ logName: 'projects/no-such-project/logs/a', resource: { type: 'global' }, textPayload: 'x' }]
    for (const [method, request] of [
      ['ListLogEntries', { resourceNames: ['projects/no-such-project'] }],
      ['WriteLogEntries', { entries }],
      ['ListLogs', { parent: 'projects/no-such-project' }],
    ] as const)
      await expect(emulator.call('logging.v2', `${LOGGING}/${method}`, request)).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      })
  } finally {
    emulator.close()
  }
})
