import { expect, test } from 'vitest'
import { describeTransports } from '../testing/emulator.ts'
import { isLocation } from './locations.ts'

test('regions, multi-regions and global are locations, zones are not', () => {
  for (const id of ['us-central1', 'europe-west2', 'europe', 'us', 'global']) expect(isLocation(id), id).toBe(true)
  for (const id of ['us-central1-a', 'moon', '', 'US', 'europe-west']) expect(isLocation(id), id).toBe(false)
})

describeTransports('locations', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('cloudkms.v1', `google.cloud.location.Locations/${method}`, request)

  test('a location has a name, an id and its region as label', async () => {
    const name = 'projects/my-app-prod/locations/europe-west2'
    expect(await call('GetLocation', { name })).toEqual({
      name,
      locationId: 'europe-west2',
      labels: { 'cloud.googleapis.com/region': 'europe-west2' },
    })
    await expect(call('GetLocation', { name: 'projects/my-app-prod/locations/moon' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('all locations are listed, each once, at once or page by page', async () => {
    const name = 'projects/my-app-prod'
    const { locations, nextPageToken } = await call('ListLocations', { name })
    expect(nextPageToken).toBeUndefined()
    const ids = locations.map(({ locationId }: { locationId: string }) => locationId)
    expect(new Set(ids).size).toBe(ids.length)
    const paged: string[] = []
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const page: any = await call('ListLocations', { name, pageSize: 7, pageToken })
      expect(page.locations.length).toBeLessThanOrEqual(7)
      paged.push(...page.locations.map(({ locationId }: { locationId: string }) => locationId))
      pageToken = page.nextPageToken
    }
    expect(paged).toEqual(ids)
  })

  test('a negative page size and a token of nobody are refused', async () => {
    for (const wrong of [{ pageSize: -1 }, { pageToken: 'moon' }])
      await expect(call('ListLocations', { name: 'projects/my-app-prod', ...wrong })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
  })
})
