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
    ['severity>=LOUD', "The value 'loud' is of incorrect type."],
    ['serverity=ERROR', "Field not found: 'serverity'."],
    ['textPayload=tw*', "Unparseable filter: syntax error at line 1, column 14, token '*'"],
    ['logName="a"\nseverity==ERROR', "Unparseable filter: syntax error at line 2, column 9, token '='"],
    ['(', "Unparseable filter: syntax error at line 1, column 1, token '<EOF>'"],
  ])('the filter %s is refused', async (filter, message) => {
    await expect(list({ filter })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
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

  test('an insertId is found by index, in the order of the list and in pages, as without one', async () => {
    const resourceNames = ['projects/named-ids', 'projects/named-ids-2']
    const entry = (timestamp: string, insertId: string) => ({ timestamp, insertId, textPayload: timestamp.slice(-3, -1) })
    await write('x', [entry('2026-01-02T00:00:02Z', 'AB'), entry('2026-01-02T00:00:00Z', 'other')], 'named-ids')
    await write('y', [entry('2026-01-02T00:00:01Z', 'ab'), entry('2026-01-02T00:00:02Z', 'AB')], 'named-ids')
    await write('z', [entry('2026-01-02T00:00:03Z', 'ａｂ')], 'named-ids-2')
    await write('z', [entry('2026-01-02T00:00:03Z', 'ab')], 'named-ids-3')
    for (const filter of ['insertId="Ab"', 'insertId=("Ab" OR "none")']) {
      expect(await texts({ resourceNames, filter })).toEqual(['01', '02', '03'])
      expect(await texts({ resourceNames, filter, orderBy: 'timestamp desc' })).toEqual(['03', '02', '01'])
      expect(await texts({ resourceNames, filter: `${filter} timestamp<"2026-01-02T00:00:02Z"` })).toEqual(['01'])
      const pages: string[] = []
      for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
        const page: any = await list({ resourceNames, filter, pageSize: 1, pageToken })
        pages.push(...page.entries.map(({ textPayload }: { textPayload: string }) => textPayload))
        pageToken = page.nextPageToken
      }
      expect(pages).toEqual(['01', '02', '03'])
    }
  })

  test('entries of one log and several types of resources are in one order, and a type finds its own', async () => {
    const resourceNames = ['projects/resource-types']
    const entries = ['a', 'b', 'a', 'b'].map((type, index) => ({
      resource: { type },
      timestamp: `2026-01-02T00:00:0${index}Z`,
      textPayload: `${type}${index}`,
    }))
    await write('x', entries, 'resource-types')
    expect(await texts({ resourceNames })).toEqual(['a0', 'b1', 'a2', 'b3'])
    expect(await texts({ resourceNames, filter: 'resource.type=B' })).toEqual(['b1', 'b3'])
  })

  test('a project may be named by its number', async () => {
    const { name } = await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/GetService', {
      name: 'projects/reading/services/logging.googleapis.com',
    })
    const number = name.split('/')[1]
    expect(number).toMatch(/^\d{12}$/)
    expect(await texts({ resourceNames: [`projects/${number}`] })).toEqual(['one', 'two', 'three', 'four'])
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

test('a search looks at 50,000 entries, and goes on from its token', async () => {
  const emulator = await startTestEmulator({ maxLogEntries: 0 })
  try {
    const entries = Array.from({ length: 1000 }, (_, index) => ({ textPayload: `n${index}` }))
    const write = { logName: 'projects/long-search/logs/a', resource: { type: 'global' }, entries }
    for (let part = 0; part < 51; part++) await emulator.call('logging.v2', `${LOGGING}/WriteLogEntries`, write)
    const search = { resourceNames: ['projects/long-search'], filter: 'textPayload=nowhere' }
    const { nextPageToken, ...first } = await emulator.call('logging.v2', `${LOGGING}/ListLogEntries`, search)
    expect(first).toEqual({})
    expect(nextPageToken).toEqual(expect.any(String))
    expect(await emulator.call('logging.v2', `${LOGGING}/ListLogEntries`, { ...search, pageToken: nextPageToken })).toEqual({})
  } finally {
    await emulator.close()
  }
})
