import { createHash } from 'node:crypto'
import type { KeyOptions } from 'openpgp'
import { expect, test } from 'vitest'
import { gpgHome, hasGpg } from '../../testing/gpg-home.ts'
import { dearmor, readPgpPublicKey } from './pgp-public-keys.ts'
import { checkAttestorPublicKey, checkPgpPublicKey } from './public-keys.ts'

const newKey = async (options: Omit<KeyOptions, 'userIDs' | 'format'> = {}) =>
  (await import('openpgp')).generateKey({ ...options, userIDs: [{ email: 'attestor@example.com' }], format: 'object' })

const block = (data: Uint8Array, label = 'PUBLIC KEY BLOCK') =>
  `-----BEGIN PGP ${label}-----\n\n${Buffer.from(data)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PGP ${label}-----\n`

const invalid = (message: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) as string })

test('the id of a PGP key is its fingerprint in upper-case hex, whatever id the caller gives', async () => {
  const { publicKey } = await newKey()
  const asciiArmoredPgpPublicKey = publicKey.armor()
  const id = publicKey.getFingerprint().toUpperCase()
  expect(id).toMatch(/^[0-9A-F]{40}$/)
  expect(await checkPgpPublicKey(asciiArmoredPgpPublicKey)).toEqual({ id })
  for (const given of [undefined, '', 'mine', id.toLowerCase(), 'not a URI']) {
    const checked = await checkAttestorPublicKey({ id: given, comment: 'c', asciiArmoredPgpPublicKey })
    expect(checked).toEqual({ id, comment: 'c', asciiArmoredPgpPublicKey })
  }
})

test.skipIf(!hasGpg)('the fingerprint is the one that gpg shows', async () => {
  const { gpg, newKey, exported, close } = gpgHome()
  try {
    const fingerprints = [newKey('rsa2048'), newKey('future-default', 'default')]
    for (const id of fingerprints) expect(await checkPgpPublicKey(exported(id))).toEqual({ id })
    const dsa = newKey('dsa2048')
    await expect(checkPgpPublicKey(exported(dsa))).rejects.toThrow(expect.objectContaining({ code: 'UNIMPLEMENTED' }))
    await expect(checkPgpPublicKey(gpg(['--armor', '--export']).toString())).rejects.toThrow(invalid('more than one key'))
    const secret = gpg(['--armor', '--export-secret-keys', fingerprints[0]!]).toString()
    await expect(checkPgpPublicKey(secret)).rejects.toThrow(invalid('PGP PRIVATE KEY BLOCK'))
  } finally {
    close()
  }
})

test('either line end, armor headers, blanks around and a missing or wrong checksum change nothing', async () => {
  const { publicKey } = await newKey()
  const armored = publicKey.armor()
  const id = publicKey.getFingerprint().toUpperCase()
  const checksum = /^=.{4}$/m
  expect(armored).toMatch(checksum)
  const spellings = [
    armored.replaceAll('\n', '\r\n'),
    `\n\n ${armored}\n\n`,
    armored.replace('-----\n\n', '-----\nVersion: GnuPG v2\nComment:\n\n'),
    armored.replace(checksum, ''),
    armored.replace(checksum, '=AAAA'),
    block(publicKey.write()),
  ]
  for (const spelling of spellings) expect(await checkPgpPublicKey(spelling)).toEqual({ id })
})

test('anything but one armored block is refused', async () => {
  const { publicKey, privateKey } = await newKey()
  const armored = publicKey.armor()
  const cases = [
    '',
    'GARBAGE',
    armored.repeat(2),
    `pub\n${armored}`,
    `${armored}x`,
    armored.slice(0, -10),
    armored.slice(10),
    publicKey.write().toString(),
  ]
  for (const text of cases) await expect(checkPgpPublicKey(text)).rejects.toThrow(invalid('exactly one ASCII-armored block'))
  for (const text of [
    armored.replace('-----\n\n', '-----\n'),
    armored.replace('-----\n\n', '-----\nx\n\n'),
    armored.replace(/\n(?=[A-Za-z0-9+/]{20})/, '\n*'),
  ])
    await expect(checkPgpPublicKey(text)).rejects.toThrow(invalid('exactly one ASCII-armored block'))
  await expect(checkPgpPublicKey(armored + ' '.repeat(1024 * 1024))).rejects.toThrow(invalid('exactly one ASCII-armored block'))
  await expect(checkPgpPublicKey(privateKey.armor())).rejects.toThrow(invalid('not PGP PRIVATE KEY BLOCK'))
  await expect(checkPgpPublicKey(block(publicKey.write(), 'MESSAGE'))).rejects.toThrow(invalid('not PGP MESSAGE'))
})

test('what the armor holds must be one public key', async () => {
  const [a, b] = [await newKey(), await newKey()]
  const [bytes, other] = [Buffer.from(a.publicKey.write()), Buffer.from(b.publicKey.write())]
  const check = (...parts: Uint8Array[]) => checkPgpPublicKey(block(Buffer.concat(parts)))
  expect(await check(bytes)).toEqual({ id: a.publicKey.getFingerprint().toUpperCase() })
  await expect(check(bytes, other)).rejects.toThrow(invalid('more than one key'))
  await expect(check(bytes, bytes)).rejects.toThrow(invalid('more than one key'))
  await expect(check(a.privateKey.write())).rejects.toThrow(invalid('private key'))
  await expect(check(bytes, b.privateKey.write())).rejects.toThrow(invalid('private key'))
  await expect(check(bytes.subarray(0, -1))).rejects.toThrow(invalid('malformed'))
  await expect(check(bytes, Buffer.of(0))).rejects.toThrow(invalid('malformed'))
  await expect(check(bytes, Buffer.from([0xc0 | 11, 1, 0]))).rejects.toThrow(invalid('no part of a key'))
  await expect(check(bytes.subarray(2 + bytes[1]!))).rejects.toThrow(invalid('does not begin with a public key'))
  await expect(check(Buffer.alloc(100, 0xff))).rejects.toThrow(invalid('malformed'))
})

test('only version 4 keys have an RFC 4880 V4 fingerprint', async () => {
  const v6 = await newKey({ config: { v6Keys: true } })
  expect(v6.publicKey.getFingerprint()).toHaveLength(64)
  await expect(checkPgpPublicKey(v6.publicKey.armor())).rejects.toThrow(invalid('key version 6'))
  const bytes = Buffer.from((await newKey()).publicKey.write())
  for (const version of [3, 5]) {
    const changed = Buffer.from(bytes)
    changed[2] = version
    await expect(checkPgpPublicKey(block(changed))).rejects.toThrow(invalid(`key version ${version}`))
  }
})

test('bytes behind the numbers of a key packet, which would change the fingerprint, are refused', async () => {
  const bytes = Buffer.from((await newKey()).publicKey.write())
  const padded = Buffer.concat([bytes.subarray(0, 2 + bytes[1]!), Buffer.of(0), bytes.subarray(2 + bytes[1]!)])
  padded[1]! += 1
  await expect(checkPgpPublicKey(block(padded))).rejects.toThrow(invalid('malformed'))
  const subkey = rsaPacket(14, [1, 0, 1])
  const paddedSubkey = Buffer.concat([subkey, Buffer.of(0)])
  paddedSubkey.writeUInt32BE(subkey.readUInt32BE(2) + 1, 2)
  expect(await checkPgpPublicKey(block(Buffer.concat([bytes, subkey])))).toHaveProperty('id')
  await expect(checkPgpPublicKey(block(Buffer.concat([bytes, paddedSubkey])))).rejects.toThrow(invalid('malformed'))
})

test('keys whose signatures are not verified are refused by name', async () => {
  const gap = (type: string) =>
    expect.objectContaining({ code: 'UNIMPLEMENTED', message: expect.stringContaining(`of type ${type} `) as string })
  const weak = await newKey({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } })
  await expect(checkPgpPublicKey(weak.publicKey.armor())).rejects.toThrow(gap('rsa1024'))
  for (const curve of ['nistP256', 'nistP384', 'nistP521'] as const) {
    expect((await checkPgpPublicKey((await newKey({ type: 'ecc', curve })).publicKey.armor())).id).toHaveLength(40)
  }
  expect((await checkPgpPublicKey((await newKey({ type: 'rsa', rsaBits: 2048 })).publicKey.armor())).id).toHaveLength(40)
})

test('a curve that is not verified is refused by name', async () => {
  // A version 4 key packet of algorithm 19, ECDSA, with a curve's OID and a point of 515 bits.
  const keyOn = (oid: string) => {
    const curve = Buffer.from(oid, 'hex')
    const body = [4, 0, 0, 0, 0, 19, curve.length, ...curve, 2, 3, 4, ...Buffer.alloc(64, 1)]
    return checkPgpPublicKey(block(Buffer.from([0x98, body.length, ...body])))
  }
  expect((await keyOn('2a8648ce3d030107')).id).toHaveLength(40)
  for (const [oid, name] of [
    ['2b8104000a', 'secp256k1'],
    ['2b2403030208010107', 'brainpoolP256r1'],
  ] as const) {
    await expect(keyOn(oid)).rejects.toThrow(
      expect.objectContaining({ code: 'UNIMPLEMENTED', message: expect.stringContaining(name) as string }),
    )
  }
})

/** A version 4 key packet of RSA with the exponent `e`, whose modulus ends in the byte `end`. */
function rsaPacket(tag: number, e: number[], end = 1) {
  const mpi = (bytes: number[]) => [bytes.length >> 5, ((bytes.length - 1) * 8 + 32 - Math.clz32(bytes[0]!)) & 255, ...bytes]
  const body = [4, 0, 0, 0, 0, 1, ...mpi([0xff, ...Buffer.alloc(254, 7), end]), ...mpi(e)]
  return Buffer.from([0xc0 | tag, 0xff, 0, 0, body.length >> 8, body.length & 255, ...body])
}

test('an RSA key with which anybody could sign is refused, as a primary key and as a subkey', async () => {
  const { publicKey } = await newKey()
  const id = publicKey.getFingerprint().toUpperCase()
  const primary = Buffer.from(publicKey.write())
  const check = (...parts: Buffer[]) => checkPgpPublicKey(block(Buffer.concat(parts)))
  for (const e of [[3], [17], [41], [1, 0, 1], [1, 0, 0, 0, 1]]) {
    expect((await check(rsaPacket(6, e))).id, `${e}`).toHaveLength(40)
    expect(await check(primary, rsaPacket(14, e)), `${e}`).toEqual({ id })
  }
  for (const [e, end] of [[[1]], [[2]], [[1, 0, 0]], [[2, 0, 0, 0, 1]], [[1, 0, 0, 0, 0, 0, 0, 0, 1]], [[1, 0, 1], 6]] as [
    number[],
    number?,
  ][]) {
    await expect(check(rsaPacket(6, e, end)), `${e}`).rejects.toThrow(invalid('prove nothing'))
    await expect(check(primary, rsaPacket(14, e, end)), `${e}`).rejects.toThrow(invalid('prove nothing'))
  }
})

test('a revoked key can be written, so that an attestor can be told of the revocation', async () => {
  const { publicKey, privateKey } = await newKey()
  const revoked = await privateKey.revoke()
  expect((await readPgpPublicKey(publicKey.armor())).revoked).toBe(false)
  expect((await readPgpPublicKey(revoked.toPublic().armor())).revoked).toBe(true)
  expect(await checkPgpPublicKey(revoked.toPublic().armor())).toEqual(await checkPgpPublicKey(publicKey.armor()))
})

test('a revocation counts even where openpgp skips its packet or cannot check it', async () => {
  const { publicKey } = await newKey({ subkeys: [{ sign: true }] })
  const bytes = Buffer.from(publicKey.write())
  const packet = (...body: number[]) => Buffer.from([0xc0 | 2, body.length, ...body])
  const read = (...parts: Buffer[]) => readPgpPublicKey(block(Buffer.concat(parts)))
  const subkey = publicKey.subkeys[0]!.getKeyID().toHex()
  const v3 = (type: number) => packet(3, 5, type, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 8, 0, 0, 0, 1, 1)
  const end = 2 + bytes[1]!

  expect(await read(bytes)).toMatchObject({ revoked: false, revokedSubkeys: new Set() })
  expect(await read(bytes, v3(0x10))).toMatchObject({ revoked: false, revokedSubkeys: new Set() })
  expect(await read(bytes, v3(0x20))).toMatchObject({ revoked: true, revokedSubkeys: new Set() })
  expect(await read(bytes.subarray(0, end), v3(0x20), bytes.subarray(end))).toMatchObject({ revoked: true })
  expect(await read(bytes, v3(0x28))).toMatchObject({ revoked: false, revokedSubkeys: new Set([subkey]) })
  expect(await read(bytes.subarray(0, end), v3(0x28), bytes.subarray(end))).toMatchObject({ revoked: true })
})

test('two keys with one key id in a block are refused', async () => {
  const { publicKey } = await newKey({ subkeys: [{ sign: true }] })
  const packets = publicKey.subkeys.map((subkey) => Buffer.from(subkey.keyPacket.write()))
  const again = Buffer.concat([Buffer.from([0xc0 | 14, packets[0]!.length]), packets[0]!])
  await expect(checkPgpPublicKey(block(Buffer.concat([publicKey.write(), again])))).rejects.toThrow(
    invalid(`have the ID ${publicKey.subkeys[0]!.getKeyID().toHex().toUpperCase()}`),
  )
})

test('packet lengths of both formats and all sizes are read', async () => {
  const { publicKey } = await newKey()
  const [bytes, id] = [Buffer.from(publicKey.write()), publicKey.getFingerprint().toUpperCase()]
  const body = bytes.subarray(2, 2 + bytes[1]!)
  const rest = bytes.subarray(2 + bytes[1]!)
  const size = body.length
  expect(
    createHash('sha1')
      .update(Buffer.from([0x99, 0, size]))
      .update(body)
      .digest('hex')
      .toUpperCase(),
  ).toBe(id)
  const headers = [
    [0xc6, size],
    [0xc6, 255, 0, 0, 0, size],
    [0x98, size],
    [0x99, 0, size],
    [0x9a, 0, 0, 0, size],
  ]
  for (const header of headers)
    expect(await checkPgpPublicKey(block(Buffer.concat([Buffer.from(header), body, rest])))).toEqual({ id })
  for (const header of [[0x9b], [0xc6, 0xe5], [0xc6, 255, 255, 255, 255, 255], [0x46, size], [0x9a, 255, 255, 255, 255]]) {
    await expect(checkPgpPublicKey(block(Buffer.concat([Buffer.from(header), body, rest])))).rejects.toThrow(invalid('malformed'))
  }
})

test('a key packet that is longer than a fingerprint can count is malformed', async () => {
  const packet = (size: number) =>
    block(Buffer.concat([Buffer.from([0x9a, 0, size >> 16, (size >> 8) & 255, size & 255, 4]), Buffer.alloc(size - 1)]))
  await expect(checkPgpPublicKey(packet(0x10000))).rejects.toThrow(invalid('malformed'))
  await expect(checkPgpPublicKey(packet(0xffff))).rejects.toThrow(invalid('malformed'))
})

test('dearmor gives the label and the bytes of a block', () => {
  expect(dearmor(block(Buffer.from('abc'), 'MESSAGE'))).toEqual({ label: 'MESSAGE', data: Buffer.from('abc') })
  for (const text of [
    '',
    '-----BEGIN PGP MESSAGE-----',
    block(Buffer.alloc(0)),
    block(Buffer.from('abc')).replace('YWJj', 'YWJ'),
  ]) {
    expect(dearmor(text)).toBeUndefined()
  }
})
