import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { checkPattern } from './allowlist.ts'
import { systemPolicyOf } from './system-policy.ts'

describeTransports('the system policy', (emulator) => {
  const versions = { v1: 'SystemPolicyV1', v1beta1: 'SystemPolicyV1Beta1', v1alpha2: 'SystemPolicyV1Alpha2' }
  const get = (location: string, version: keyof typeof versions = 'v1') =>
    emulator().call(
      `binaryauthorization.${version}`,
      `google.cloud.binaryauthorization.${version}.${versions[version]}/GetSystemPolicy`,
      { name: `locations/${location}/policy` },
    )

  test('there is one for global and for each region, in all versions', async () => {
    for (const location of ['global', 'us-central1', 'europe-west10'])
      for (const version of ['v1', 'v1beta1', 'v1alpha2'] as const)
        expect(await get(location, version)).toEqual(systemPolicyOf(location))
  })

  test('zones, multi-regions and places that do not exist have none', async () => {
    for (const location of ['us-central1-a', 'us', 'europe', 'eur4', 'atlantis-north1'])
      await expect(get(location), location).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('it exempts the images that GKE runs, by valid patterns, and denies the rest', () => {
  const { admissionWhitelistPatterns = [], defaultAdmissionRule } = systemPolicyOf('global')
  expect(admissionWhitelistPatterns.map(({ namePattern = '' }) => namePattern)).toEqual(
    expect.arrayContaining(['gcr.io/google_containers/*', 'k8s.gcr.io/**', 'gke.gcr.io/**']),
  )
  for (const { namePattern = '' } of admissionWhitelistPatterns) expect(checkPattern(namePattern)).toBeUndefined()
  expect(defaultAdmissionRule?.evaluationMode).toBe('ALWAYS_DENY')
})
