import { afterAll, describe, expect, test } from 'vitest'
import { type GpgHome, gpgHome, hasGpg } from '../../testing/gpg-home.ts'
import { MAX_PAYLOAD_BYTES } from './payload.ts'
import { verifyPgp } from './verify-pgp.ts'

const payload = Buffer.from(
  `${JSON.stringify({ critical: { image: { 'docker-manifest-digest': `sha256:${'a'.repeat(64)}` } } }, null, 2)}\n`,
)
const other = Buffer.from(payload.toString().replace('sha256:a', 'sha256:b'))

const NOW = new Date('2030-01-01T00:00:00Z')
const attached = { verified: true, form: 'attached', payload }
const detached = { verified: true, form: 'detached', payload }
const refused = (why: RegExp | string) => ({ verified: false, why: expect.stringMatching(why) })

const home = hasGpg ? gpgHome() : undefined
const { gpg, newKey, exported } = home ?? ({} as GpgHome)
afterAll(() => home?.close())

const signed = (fingerprint: string, args: string[], input = payload) => gpg(['--local-user', fingerprint, ...args], { input })

describe.skipIf(!hasGpg)('with gpg', () => {
  test.each(['rsa2048', 'rsa3072', 'ed25519', 'nistp256', 'nistp384', 'nistp521'])(
    'signatures of %s keys verify',
    async (algorithm) => {
      const fingerprint = newKey(algorithm)
      const key = exported(fingerprint)
      const rows: [string[], object, RegExp][] = [
        [['--armor', '--sign'], attached, /which alone counts/],
        [['--sign'], attached, /which alone counts/],
        [['--sign', '--compress-algo', 'none'], attached, /which alone counts/],
        [['--sign', '--compress-algo', 'zlib'], attached, /which alone counts/],
        [['--sign', '--compress-algo', 'bzip2'], attached, /which alone counts/],
        [['--armor', '--detach-sign'], detached, /does not verify/],
        [['--detach-sign'], detached, /does not verify/],
      ]
      for (const [args, verdict, why] of rows) {
        const signature = signed(fingerprint, args)
        expect(await verifyPgp(key, payload, signature, NOW), args.join(' ')).toEqual(verdict)
        expect(await verifyPgp(key, other, signature, NOW), args.join(' ')).toEqual(refused(why))
      }
    },
  )

  test('without a payload an attached message is the payload, and a detached signature verifies nothing', async () => {
    const fingerprint = newKey()
    const key = exported(fingerprint)
    const message = signed(fingerprint, ['--armor', '--sign'])
    for (const none of [undefined, Buffer.alloc(0)]) {
      expect(await verifyPgp(key, none, message, NOW)).toEqual(attached)
      expect(await verifyPgp(key, none, signed(fingerprint, ['--detach-sign']), NOW)).toEqual(
        refused('needs the serialized payload'),
      )
      expect(await verifyPgp(key, none, signed(fingerprint, ['--detach-sign'], Buffer.alloc(0)), NOW)).toEqual(
        refused('needs the serialized'),
      )
    }
    expect(await verifyPgp(key, Buffer.concat([payload, Buffer.of(10)]), message, NOW)).toEqual(refused('which alone counts'))
  })

  test('only the key that signed verifies', async () => {
    const [a, b] = [newKey(), newKey()]
    for (const args of [['--sign'], ['--detach-sign']]) {
      const signature = signed(a, args)
      expect((await verifyPgp(exported(a), payload, signature, NOW)).verified).toBe(true)
      expect(await verifyPgp(exported(b), payload, signature, NOW)).toEqual(
        refused(`made by the key ${a.slice(-16)}, which is not part`),
      )
    }
  })

  test('one good signature of several suffices', async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()]
    for (const [args, verdict] of [[['--sign'], attached] as const, [['--detach-sign'], detached] as const]) {
      const signature = gpg(['--local-user', a, '--local-user', b, ...args], { input: payload })
      expect(await verifyPgp(exported(a), payload, signature, NOW)).toEqual(verdict)
      expect(await verifyPgp(exported(b), payload, signature, NOW)).toEqual(verdict)
      expect((await verifyPgp(exported(c), payload, signature, NOW)).verified).toBe(false)
    }
  })

  test('a message with a bad signature of the key and a good one of it verifies, with bad ones only it does not', async () => {
    const fingerprint = newKey()
    const good = signed(fingerprint, ['--detach-sign'])
    const bad = signed(fingerprint, ['--detach-sign'], other)
    const verdict = async (...signatures: Buffer[]) => verifyPgp(exported(fingerprint), payload, Buffer.concat(signatures), NOW)
    expect(await verdict(bad, good)).toEqual(detached)
    expect(await verdict(good, bad)).toEqual(detached)
    expect(await verdict(bad, bad)).toEqual(refused('does not verify'))
    expect(await verdict(...Array<Buffer>(15).fill(bad), good)).toEqual(detached)
    expect(await verdict(...Array<Buffer>(16).fill(bad), good)).toEqual(refused('more than 16 packets'))
  })

  test.each([
    ['attached', ['--sign', '--compress-algo', 'none']],
    ['attached and compressed', ['--sign']],
    ['detached', ['--detach-sign']],
  ])('%s: no changed bit makes anything else verify, and no part of it verifies', async (_, args) => {
    const fingerprint = newKey('nistp256')
    const key = exported(fingerprint)
    const signature = signed(fingerprint, args)
    let refusals = 0
    for (let at = 0; at < signature.length; at++) {
      const changed = Buffer.from(signature)
      changed[at]! ^= 1 << (at % 8)
      // Some bytes are not signed (packet lengths, key ids), so a change may leave the signature good; then over the same payload.
      for (const explicit of [payload, undefined]) {
        const verdict = await verifyPgp(key, explicit, changed, NOW)
        if (verdict.verified) expect(verdict.payload).toEqual(payload)
        else refusals++
      }
      expect((await verifyPgp(key, payload, signature.subarray(0, at), NOW)).verified).toBe(false)
    }
    expect(refusals).toBeGreaterThan(signature.length)
  })

  test.each([
    ['SHA224', true],
    ['SHA256', true],
    ['SHA384', true],
    ['SHA512', true],
    ['SHA1', false],
    ['RIPEMD160', false],
  ])('a signature over a %s digest verifies: %s', async (hash, good) => {
    const fingerprint = newKey('rsa2048')
    for (const args of [['--sign'], ['--detach-sign']]) {
      const verdict = await verifyPgp(exported(fingerprint), payload, signed(fingerprint, [...args, '--digest-algo', hash]), NOW)
      expect(verdict).toEqual(
        good ? expect.objectContaining({ verified: true, payload }) : refused('Insecure (message )?hash algorithm'),
      )
    }
  })

  test('text and cleartext signatures are refused', async () => {
    const fingerprint = newKey()
    const key = exported(fingerprint)
    expect(await verifyPgp(key, payload, signed(fingerprint, ['--detach-sign']), NOW)).toEqual(detached)
    expect(await verifyPgp(key, payload, signed(fingerprint, ['--detach-sign', '--textmode']), NOW)).toEqual(
      refused('--textmode'),
    )
    expect((await verifyPgp(key, undefined, signed(fingerprint, ['--sign', '--textmode']), NOW)).verified).toBe(false)
    expect(await verifyPgp(key, payload, signed(fingerprint, ['--clear-sign']), NOW)).toEqual(refused('cleartext'))
  })

  test('unsigned, encrypted and several messages verify nothing', async () => {
    const fingerprint = newKey('rsa2048')
    gpg(['--quick-add-key', fingerprint, 'rsa2048', 'encr', 'never'])
    const key = exported(fingerprint)
    const message = signed(fingerprint, ['--sign', '--compress-algo', 'none'])
    const unsigned = gpg(['--store', '--compress-algo', 'none'], { input: other })
    expect(await verifyPgp(key, undefined, message, NOW)).toEqual(attached)
    expect(await verifyPgp(key, undefined, gpg(['--store'], { input: payload }), NOW)).toEqual(
      refused('no signature over a document'),
    )
    expect((await verifyPgp(key, payload, gpg(['--store'], { input: payload }), NOW)).verified).toBe(false)
    expect(
      (await verifyPgp(key, undefined, signed(fingerprint, ['--encrypt', '--recipient', fingerprint, '--sign']), NOW)).verified,
    ).toBe(false)
    for (const parts of [
      [unsigned, message],
      [message, unsigned],
      [message, message],
      [signed(fingerprint, ['--detach-sign']), unsigned],
    ]) {
      const verdict = await verifyPgp(key, undefined, Buffer.concat(parts), NOW)
      expect(verdict.verified && verdict.payload.equals(other)).toBe(false)
      expect((await verifyPgp(key, other, Buffer.concat(parts), NOW)).verified).toBe(false)
    }
  })

  test('a detached signature in front of its message, as old programs wrote it, verifies only over that message', async () => {
    const fingerprint = newKey()
    const store = (input: Buffer) => gpg(['--store', '--compress-algo', 'none'], { input })
    const signature = signed(fingerprint, ['--detach-sign'])
    const verdict = (content: Buffer) =>
      verifyPgp(exported(fingerprint), undefined, Buffer.concat([signature, store(content)]), NOW)
    expect(await verdict(payload)).toEqual(attached)
    expect(await verdict(other)).toEqual(refused('does not verify'))
  })

  test('large contents, compression bombs and large signatures are refused', async () => {
    const fingerprint = newKey()
    const key = exported(fingerprint)
    const blanks = (size: number) => signed(fingerprint, ['--sign'], Buffer.alloc(size, ' '))
    expect((await verifyPgp(key, undefined, blanks(MAX_PAYLOAD_BYTES), NOW)).verified).toBe(true)
    expect(await verifyPgp(key, undefined, blanks(MAX_PAYLOAD_BYTES + 1), NOW)).toEqual(
      refused('content is larger than 65536 bytes'),
    )
    const bomb = blanks(90_000_000)
    expect(bomb.length).toBeLessThan(128 * 1024)
    expect(await verifyPgp(key, undefined, bomb, NOW)).toEqual(refused('Maximum decompressed message size exceeded'))
    const large = Buffer.alloc(MAX_PAYLOAD_BYTES + 1, ' ')
    expect(await verifyPgp(key, large, signed(fingerprint, ['--detach-sign'], large), NOW)).toEqual(refused('payload is larger'))
    expect(await verifyPgp(key, payload, Buffer.alloc(128 * 1024 + 1, 0x88), NOW)).toEqual(refused('signature is larger'))
  })

  test('DSA, secp256k1, Brainpool and short RSA keys verify nothing', async () => {
    for (const algorithm of ['dsa2048', 'secp256k1', 'brainpoolP256r1', 'rsa1024']) {
      const fingerprint = newKey(algorithm)
      const verdict = await verifyPgp(exported(fingerprint), payload, signed(fingerprint, ['--detach-sign']), NOW)
      expect(verdict, algorithm).toEqual(refused('keys are not supported'))
    }
  })
})

test('Ed448 keys, and version 4 keys of the newer Ed25519 kind, verify', async () => {
  const { createMessage, generateKey, sign } = await import('openpgp')
  for (const type of ['curve448', 'curve25519'] as const) {
    const date = new Date('2024-01-01')
    const { privateKey, publicKey } = await generateKey({ type, userIDs: [{ name: 'a' }], date, format: 'object' })
    const detachedBy = async (text: Buffer) =>
      Buffer.from(
        await sign({
          message: await createMessage({ binary: text }),
          signingKeys: privateKey,
          date,
          detached: true,
          format: 'binary',
        }),
      )
    expect(await verifyPgp(publicKey.armor(), payload, await detachedBy(payload), NOW)).toEqual(detached)
    expect(await verifyPgp(publicKey.armor(), payload, await detachedBy(other), NOW)).toEqual(refused('does not verify'))
  }
})

test('garbage is refused, as signature and as key', async () => {
  const { createMessage, generateKey, sign } = await import('openpgp')
  const date = new Date('2024-01-01')
  const { privateKey, publicKey } = await generateKey({ userIDs: [{ name: 'a' }], date, format: 'object' })
  const key = publicKey.armor()
  const armored = await sign({ message: await createMessage({ binary: payload }), signingKeys: privateKey, date, detached: true })
  const verdict = (signature: string | Buffer, text = key) => verifyPgp(text, payload, Buffer.from(signature as string), NOW)
  expect(await verdict(armored)).toEqual(detached)
  expect(await verdict(armored.replaceAll('\n', '\r\n'))).toEqual(detached)
  expect(await verdict(`\n${armored}\n`)).toEqual(detached)
  for (const signature of [
    '',
    'GARBAGE',
    armored.repeat(2),
    `x\n${armored}`,
    `${armored}x`,
    armored.slice(0, 60),
    key,
    Buffer.alloc(100, 0xff),
  ]) {
    expect((await verdict(signature)).verified, String(signature).slice(0, 20)).toBe(false)
  }
  for (const text of ['', 'GARBAGE', armored, privateKey.armor(), key.replace('PUBLIC', 'PRIVATE')]) {
    expect((await verdict(armored, text)).verified).toBe(false)
  }
})

test('a key that was stored with the RSA exponent 1, by which anybody could sign, verifies nothing', async () => {
  const { createMessage, generateKey, sign } = await import('openpgp')
  const date = new Date('2024-01-01')
  const { privateKey, publicKey } = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [{ name: 'a' }],
    subkeys: [{ sign: true }],
    date,
    format: 'object',
  })
  const message = await createMessage({ binary: payload })
  const signature = Buffer.from(await sign({ message, signingKeys: privateKey, date, detached: true, format: 'binary' }))
  expect(await verifyPgp(publicKey.armor(), payload, signature, NOW)).toEqual(detached)
  for (const { keyPacket } of publicKey.getKeys()) {
    const numbers = keyPacket.publicParams as { e: Uint8Array }
    const { e } = numbers
    numbers.e = Uint8Array.of(1)
    expect(await verifyPgp(publicKey.armor(), payload, signature, NOW)).toEqual(refused('prove nothing'))
    numbers.e = e
  }
})
