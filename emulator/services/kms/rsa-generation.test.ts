import type { RSAKeyPairOptions } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'

const { begun, ends } = vi.hoisted(() => ({ begun: [] as number[], ends: [] as (() => void)[] }))

// Keys are not made here: it is counted how many would be under way.
vi.mock('node:crypto', async (original) => {
  const generateKeyPair = () => {}
  const generated = (_: 'rsa', { modulusLength }: RSAKeyPairOptions<'pem', 'der'>) => {
    begun.push(modulusLength)
    return new Promise((resolve) =>
      ends.push(() => resolve({ publicKey: `public ${modulusLength}`, privateKey: Buffer.from(`private ${modulusLength}`) })),
    )
  }
  return { ...(await original<object>()), generateKeyPair: Object.assign(generateKeyPair, { [promisify.custom]: generated }) }
})

test('two RSA keys are generated at a time, in the order in which they are asked for', async () => {
  const { generateKeyMaterial } = await import('./key-material.ts')
  const algorithms = [4096, 3072, 2048, 4096].map((size) => `RSA_SIGN_PSS_${size}_SHA256`)
  const materials = algorithms.map(generateKeyMaterial)
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  await settled()
  expect(begun).toEqual([4096, 3072])
  expect((await generateKeyMaterial('EC_SIGN_P256_SHA256')).publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY/)
  ends[1]!()
  await settled()
  expect(begun).toEqual([4096, 3072, 2048])
  ends[0]!()
  ends[2]!()
  await settled()
  ends[3]!()
  expect((await Promise.all(materials)).map(({ publicKeyPem }) => publicKeyPem)).toEqual([
    'public 4096',
    'public 3072',
    'public 2048',
    'public 4096',
  ])
})
