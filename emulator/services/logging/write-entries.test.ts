import { beforeEach, expect, test } from 'vitest'
import { CallError, describeTransports } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'

describeTransports('entries.write', (emulator) => {
  let count = 0
  let project = ''
  let log = ''

  // a project of its own for each test, so that none sees what another wrote
  beforeEach(() => {
    project = `writing-${++count}`
    log = `projects/${project}/logs/app`
  })

  const write = (request: object) => emulator().call('logging.v2', `${LOGGING}/WriteLogEntries`, request)
  const read = async (filter = '', name = project) => {
    const { entries = [] } = await emulator().call('logging.v2', `${LOGGING}/ListLogEntries`, {
      resourceNames: [`projects/${name}`],
      filter,
    })
    return entries
  }
  const resource = { type: 'global' }

  test('logName, resource and labels of the request are the defaults of its entries', async () => {
    const answer = await write({
      logName: log,
      resource,
      labels: { team: 'blue', tier: 'one' },
      entries: [
        { textPayload: 'first' },
        { jsonPayload: { text: 'second', n: 2 }, severity: 'WARNING', labels: { tier: 'two' } },
        {
          logName: `projects/${project}/logs/other`,
          resource: { type: 'k8s_cluster', labels: { location: 'x' } },
          textPayload: 'third',
        },
      ],
    })
    expect(answer).toEqual({})
    const common = { timestamp: expect.any(String), receiveTimestamp: expect.any(String), insertId: expect.any(String) }
    const global = { type: 'global', labels: { project_id: project } }
    const cluster = { type: 'k8s_cluster', labels: { project_id: project, location: 'x' } }
    expect(await read()).toEqual([
      { ...common, logName: log, resource: global, labels: { team: 'blue', tier: 'one' }, textPayload: 'first' },
      {
        ...common,
        logName: log,
        resource: global,
        labels: { team: 'blue', tier: 'two' },
        severity: 'WARNING',
        jsonPayload: { text: 'second', n: 2 },
      },
      {
        ...common,
        logName: `projects/${project}/logs/other`,
        resource: cluster,
        labels: { team: 'blue', tier: 'one' },
        textPayload: 'third',
      },
    ])
  })

  test('an audit log entry keeps its protoPayload', async () => {
    const protoPayload = {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'run.googleapis.com',
      methodName: '/Services.ReplaceService',
      response: { status: { conditions: [{ reason: 'ContainerImageUnauthorized' }] } },
    }
    const logName = `projects/${project}/logs/cloudaudit.googleapis.com%2Fsystem_event`
    await write({ entries: [{ logName, resource: { type: 'cloud_run_revision' }, protoPayload }] })
    const [entry] = await read('protoPayload.response.status.conditions.reason="ContainerImageUnauthorized"')
    expect(entry).toMatchObject({ logName, protoPayload })
  })

  test('entries without a timestamp are of now, and stay in the order of the list', async () => {
    await write({ logName: log, resource, entries: ['a', 'b', 'c'].map((textPayload) => ({ textPayload })) })
    const entries = await read()
    expect(entries.map(({ textPayload }: { textPayload: string }) => textPayload)).toEqual(['a', 'b', 'c'])
    expect(new Set(entries.map(({ timestamp }: { timestamp: string }) => timestamp)).size).toBe(1)
  })

  test('a second entry with the same timestamp and insertId is the same entry', async () => {
    const entry = { insertId: 'one', timestamp: '2026-01-02T01:00:00Z' }
    await write({ logName: log, resource, entries: [{ ...entry, textPayload: 'kept' }] })
    await write({ logName: log, resource, entries: [{ ...entry, textPayload: 'again' }] })
    await write({ logName: `${log}2`, resource, entries: [{ ...entry, textPayload: 'in another log' }] })
    await write({ logName: log, resource, entries: [{ ...entry, insertId: 'two', textPayload: 'another' }] })
    await write({ logName: log, resource, entries: [{ ...entry, timestamp: '2026-01-02T02:00:00Z', textPayload: 'later' }] })
    const texts = (await read()).map(({ textPayload }: { textPayload: string }) => textPayload)
    expect(texts).toEqual(['kept', 'another', 'later'])
  })

  test('an entry that is older than 30 days or more than a day ahead is taken and never shown', async () => {
    const entries = ['2025-12-02T03:00:00Z', '2025-12-04T03:00:00Z', '2026-01-03T03:00:00Z', '2026-01-03T04:00:00Z'].map(
      (timestamp) => ({ timestamp, textPayload: timestamp }),
    )
    expect(await write({ logName: log, resource, entries })).toEqual({})
    const shown = (await read()).map(({ textPayload }: { textPayload: string }) => textPayload)
    expect(shown).toEqual(['2025-12-04T03:00:00Z', '2026-01-03T03:00:00Z'])
  })

  test('dryRun checks and writes nothing', async () => {
    const entries = [{ textPayload: 'x' }]
    expect(await write({ logName: log, resource, entries, dryRun: true })).toEqual({})
    await expect(write({ logName: log, entries, dryRun: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await read()).toEqual([])
  })

  test.each([
    ['no log', { logName: undefined }, 'log_name ""'],
    ['no project in the name of the log', { logName: 'logs/app' }, 'log_name "logs/app"'],
    ['a slash that is not encoded', { logName: 'projects/my-app-prod/logs/a/b' }, 'log_name "projects/my-app-prod/logs/a/b"'],
    ['another character in a log ID', { logName: 'projects/my-app-prod/logs/a%20b' }, 'a log ID has letters, digits'],
    ['a log ID of 512 characters', { logName: `projects/my-app-prod/logs/${'x'.repeat(512)}` }, 'less than 512 characters'],
    ['a log ID of 9 MB', { logName: `projects/my-app-prod/logs/${'x'.repeat(9_000_000)}` }, 'less than 512 characters'],
    ['no resource', { resource: undefined }, 'resource with a type'],
    ['a resource without a type', { resource: { labels: { a: 'b' } } }, 'resource with a type'],
    ['a severity that is none', { severity: 250 }, 'The severity 250'],
    ['an entry over 256 KB', { textPayload: 'x'.repeat(256 * 1024) }, 'exceeds maximum size of 256.0K'],
  ])('%s is refused, and the whole request with it', async (_, fault, message) => {
    const entries = [
      { logName: log, resource, textPayload: 'good' },
      { logName: log, resource, textPayload: 'bad', ...fault },
    ]
    await expect(write({ entries })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
    expect(await read()).toEqual([])
  })

  test('a request without entries is refused', async () => {
    await expect(write({ logName: log, resource })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('with partialSuccess the good entries are written, and the error tells which are not', async () => {
    const entries = [{ textPayload: 'good' }, { logName: 'logs/x' }, { textPayload: 'better' }, { severity: 250 }]
    const error = await write({ logName: log, resource, entries, partialSuccess: true }).catch((error) => error)
    expect(error).toBeInstanceOf(CallError)
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('log_name "logs/x"')
    expect(error.details).toEqual([
      {
        '@type': 'type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors',
        logEntryErrors: {
          1: { code: 3, message: expect.stringContaining('logs/x') },
          3: { code: 3, message: expect.stringContaining('The severity 250') },
        },
      },
    ])
    expect((await read()).map(({ textPayload }: { textPayload: string }) => textPayload)).toEqual(['good', 'better'])
  })

  test('where no entry is good, partialSuccess has no errors by entry', async () => {
    const error = await write({ logName: log, entries: [{ textPayload: 'x' }], partialSuccess: true }).catch((error) => error)
    expect([error.code, error.details]).toEqual(['INVALID_ARGUMENT', []])
  })

  test('a project may be named by its number; entries carry the id', async () => {
    const { parent } = await emulator().call('serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/GetService', {
      name: `projects/${project}/services/logging.googleapis.com`,
    })
    const number = parent.split('/')[1]
    await write({ entries: [{ logName: `projects/${number}/logs/app`, resource, textPayload: 'x' }] })
    expect(await read()).toMatchObject([{ logName: log }])
    expect(await read('', number)).toMatchObject([{ logName: log }])
  })

  test.each(['organizations/1/logs/app', 'folders/1/logs/app', 'billingAccounts/A/logs/app'])(
    'the log %s is refused by name',
    async (logName) => {
      await expect(write({ entries: [{ logName, resource, textPayload: 'x' }] })).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: expect.stringContaining(logName),
      })
    },
  )

  test('a type of protoPayload that is no AuditLog is refused', async () => {
    const protoPayload = { '@type': 'type.googleapis.com/google.appengine.logging.v1.RequestLog' }
    await expect(write({ entries: [{ logName: log, resource, protoPayload }] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
