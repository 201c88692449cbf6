import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const LOGGING = 'google.logging.v2.LoggingServiceV2'
const AUDIT = 'cloudaudit.googleapis.com%2Factivity'

describeTransports('logs', (emulator) => {
  const call = (method: string, request: object) => emulator().call('logging.v2', `${LOGGING}/${method}`, request)
  const write = (...names: string[]) =>
    call('WriteLogEntries', { entries: names.map((logName) => ({ logName, resource: { type: 'global' }, textPayload: 'x' })) })
  const logs = async (parent: string, more = {}) => (await call('ListLogs', { parent, ...more })).logNames

  test('logs are listed by name once they have entries', async () => {
    expect(await call('ListLogs', { parent: 'projects/listing' })).toEqual({})
    await write(
      'projects/listing/logs/b',
      `projects/listing/logs/${AUDIT}`,
      'projects/listing/logs/a%2fb',
      'projects/listing-2/logs/z',
    )
    await write('projects/listing/logs/b')
    const names = ['projects/listing/logs/a%2Fb', 'projects/listing/logs/b', `projects/listing/logs/${AUDIT}`]
    expect(await logs('projects/listing')).toEqual(names)
    expect(await logs('projects/listing', { resourceNames: ['projects/listing-2'] })).toEqual(
      ['projects/listing-2/logs/z', ...names].sort(),
    )
    const { logNames, nextPageToken } = await call('ListLogs', { parent: 'projects/listing', pageSize: 2 })
    expect(logNames).toEqual(names.slice(0, 2))
    expect(await logs('projects/listing', { pageSize: 2, pageToken: nextPageToken })).toEqual(names.slice(2))
    expect(await logs('projects/listing', { pageSize: -1 })).toEqual(names)
  })

  test('a log that is deleted is gone with its entries, until something is written to it', async () => {
    const name = 'projects/deleting/logs/a%2Fb'
    await write(name, 'projects/deleting/logs/other')
    expect(await call('DeleteLog', { logName: name })).toEqual({})
    expect(await logs('projects/deleting')).toEqual(['projects/deleting/logs/other'])
    expect((await call('ListLogEntries', { resourceNames: ['projects/deleting'] })).entries).toHaveLength(1)
    await expect(call('DeleteLog', { logName: name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await write(name)
    expect(await logs('projects/deleting')).toContain(name)
  })

  test('an audit log cannot be deleted', async () => {
    const logName = `projects/auditing/logs/${AUDIT}`
    await write(logName)
    await expect(call('DeleteLog', { logName })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' })
    expect(await logs('projects/auditing')).toEqual([logName])
  })

  test('the logs of a view are refused by name', async () => {
    const parent = 'projects/listing/locations/global/buckets/_Default/views/_AllLogs'
    await expect(logs(parent)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })
})
