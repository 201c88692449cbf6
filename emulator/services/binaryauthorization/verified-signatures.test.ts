import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { verifiedSignatures } from './verified-signatures.ts'
import { type ReadJwt, readJwt } from './verify-jwt.ts'

/** Counts its calls; each call has another value. */
function counter() {
  let calls = 0
  return () => ++calls
}

test('the same parts are computed once', () => {
  const { remember } = verifiedSignatures()
  const compute = counter()
  expect(remember(['a', Buffer.from('b')], compute)).toBe(1)
  expect(remember(['a', Buffer.from('b')], compute)).toBe(1)
  expect(remember(['a', Buffer.from('c')], compute)).toBe(2)
})

test('parts whose bytes are the same in a row are different parts', () => {
  const { remember } = verifiedSignatures()
  const lists = [
    ['ab', 'c'],
    ['a', 'bc'],
    ['abc'],
    ['abc', ''],
    ['', 'abc'],
    [Buffer.from('abc')],
    ['ab', Buffer.from('c')],
    [Buffer.from('ab'), 'c'],
    [],
  ]
  const compute = counter()
  const values = lists.map((parts) => remember(parts, compute))
  expect(values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(lists.map((parts) => remember(parts, compute))).toEqual(values)
})

test('a string and bytes are different parts, whatever the encoding', () => {
  const { remember } = verifiedSignatures()
  const compute = counter()
  const parts = ['a', Buffer.from('a'), Buffer.from('a', 'utf16le'), Buffer.from('a', 'utf16le').swap16()]
  expect(parts.map((part) => remember([part], compute))).toEqual([1, 2, 3, 4])
})

test('strings that UTF-8 cannot tell apart are different parts', () => {
  const { remember } = verifiedSignatures()
  const compute = counter()
  expect(['\ud800', '\ud801', '\ufffd'].map((part) => remember([part], compute))).toEqual([1, 2, 3])
})

test('of more than the capacity the one used longest ago is forgotten', () => {
  const { remember } = verifiedSignatures(2)
  const compute = counter()
  expect(remember(['a'], compute)).toBe(1)
  expect(remember(['b'], compute)).toBe(2)
  expect(remember(['a'], compute)).toBe(1)
  expect(remember(['c'], compute)).toBe(3)
  expect(remember(['a'], compute)).toBe(1)
  expect(remember(['b'], compute)).toBe(4)
})

test('undefined and false are remembered, errors and rejections are not', async () => {
  const { remember } = verifiedSignatures()
  const never = () => expect.fail('computed again')
  for (const value of [undefined, false]) {
    remember([String(value)], () => value)
    expect(remember<unknown>([String(value)], never)).toBe(value)
  }
  expect(() => remember(['throws'], () => JSON.parse('x'))).toThrow()
  expect(remember(['throws'], () => 1)).toBe(1)
  await expect(remember(['rejects'], async () => JSON.parse('x'))).rejects.toThrow()
  expect(await remember(['rejects'], async () => 1)).toBe(1)
})

test('verifyPkix gives the verdict of the key, payload and signature at hand', () => {
  const { verifyPkix } = verifiedSignatures()
  const [a, b] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ec', { namedCurve: 'P-256' })]
  const key = {
    publicKeyPem: a.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    signatureAlgorithm: 'ECDSA_P256_SHA256',
  }
  const payload = Buffer.from('payload')
  const [good, bad] = [sign('sha256', payload, a.privateKey), sign('sha256', payload, b.privateKey)]
  for (let time = 0; time < 2; time++) {
    expect(verifyPkix(key, payload, good)).toEqual({ verified: true, form: 'raw' })
    expect(verifyPkix(key, payload, bad).verified).toBe(false)
    expect(verifyPkix(key, Buffer.from('other'), good).verified).toBe(false)
    expect(verifyPkix({ ...key, signatureAlgorithm: 'RSA_PSS_2048_SHA256' }, payload, good).verified).toBe(false)
    expect(
      verifyPkix({ ...key, publicKeyPem: b.publicKey.export({ type: 'spki', format: 'pem' }) as string }, payload, good).verified,
    ).toBe(false)
  }
})

test('verifyPgp decides the time anew: the future comes, and signatures and keys expire', async () => {
  const { createMessage, generateKey, sign } = await import('openpgp')
  const { verifyPgp } = verifiedSignatures()
  const payload = Buffer.from('payload')
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name: 'a' }],
    date: new Date('2024-01-01'),
    format: 'object',
  })
  const message = await createMessage({ binary: payload })
  const options = { message, signingKeys: privateKey, detached: true, format: 'binary' } as const
  const signature = Buffer.from(await sign({ ...options, date: new Date('2024-06-01') }))
  const key = publicKey.armor()
  const at = async (now: string, text = key) => (await verifyPgp(text, payload, signature, new Date(now))).verified
  expect(await at('2024-05-01')).toBe(false)
  expect(await at('2024-07-01')).toBe(true)
  expect(await at('2024-05-01')).toBe(false)
  expect(await at('2034-05-01')).toBe(true)
  const revoked = (await privateKey.revoke()).toPublic().armor()
  expect(await at('2024-07-01', revoked)).toBe(false)
  expect(await at('2024-07-01')).toBe(true)
})

test('what a caller does to a remembered payload is not remembered', async () => {
  const { createMessage, generateKey, sign } = await import('openpgp')
  const { verifyPgp } = verifiedSignatures()
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name: 'a' }],
    date: new Date('2024-01-01'),
    format: 'object',
  })
  const date = new Date('2024-06-01')
  const attached = await sign({
    message: await createMessage({ binary: Buffer.from('payload') }),
    signingKeys: privateKey,
    date,
    format: 'binary',
  })
  const payload = async () => (await verifyPgp(publicKey.armor(), undefined, Buffer.from(attached), date)).payload!
  const first = await payload()
  first.fill(0)
  expect(await payload()).toEqual(Buffer.from('payload'))
})

test('verifyJwt gives the verdict of the key and the JWT at hand', () => {
  const { verifyJwt } = verifiedSignatures()
  const [a, b] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ec', { namedCurve: 'P-256' })]
  const keyOf = ({ publicKey }: typeof a, signatureAlgorithm = 'ECDSA_P256_SHA256') => ({
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    signatureAlgorithm,
  })
  const jwtOf = (payload: string, { privateKey }: typeof a) => {
    const signed = `${Buffer.from('{"typ":"JWT","alg":"ES256","kid":"a"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return readJwt(`${signed}.${signature.toString('base64url')}`) as ReadJwt
  }
  const [good, other, bad] = [jwtOf('{}', a), jwtOf('{"exp":1}', a), jwtOf('{}', b)]
  for (let time = 0; time < 2; time++) {
    expect(verifyJwt(keyOf(a), good)).toMatchObject({ verified: true, claims: {} })
    expect(verifyJwt(keyOf(a), other)).toMatchObject({ verified: true, claims: { expires: 1000 } })
    expect(verifyJwt(keyOf(a), bad).verified).toBe(false)
    expect(verifyJwt(keyOf(b), good).verified).toBe(false)
    expect(verifyJwt(keyOf(a, 'RSA_PSS_2048_SHA256'), good).verified).toBe(false)
  }
})
