import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const SERVICE = 'google.cloud.binaryauthorization.v1alpha2.BinauthzManagementServiceV1Alpha2'

describeTransports('continuous validation', (emulator) => {
  const call = (method: string, request: object) =>
    emulator().call('binaryauthorization.v1alpha2', `${SERVICE}/${method}`, request)
  const get = (name: string) => call('GetContinuousValidationConfig', { name })
  const update = (config: object) => call('UpdateContinuousValidationConfig', { continuousValidationConfig: config })

  test('it is off where nobody has switched it', async () => {
    const name = 'projects/cv-default/continuousValidationConfig'
    expect(await get(name)).toEqual({ name, enforcementPolicyConfig: {} })
  })

  test('it is switched on and off again', async () => {
    const name = 'projects/cv-switch/continuousValidationConfig'
    const on = await update({ ...(await get(name)), enforcementPolicyConfig: { enabled: true } })
    expect(on).toEqual({ name, updateTime: expect.stringMatching(/\.\d{6}Z$/), enforcementPolicyConfig: { enabled: true } })
    expect(await get(name)).toEqual(on)
    const off = await update({ ...on, enforcementPolicyConfig: { enabled: false } })
    expect(off).toEqual({ name, updateTime: expect.any(String), enforcementPolicyConfig: {} })
    expect(off.updateTime > on.updateTime).toBe(true)
    expect(await get(name)).toEqual(off)
  })

  test('a number that no project has has no configuration', async () => {
    const name = 'projects/999999999999/continuousValidationConfig'
    await expect(get(name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(update({ name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
