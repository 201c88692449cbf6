// How long a key's signatures are good: expiry, revocation, subkeys and usage, with gpg at times of our choice.
import { afterAll, describe, expect, test } from 'vitest'
import { type GpgHome, gpgHome, hasGpg } from '../../testing/gpg-home.ts'
import { verifyPgp } from './verify-pgp.ts'

const payload = Buffer.from('{"critical": {}}\n')

const NOW = new Date('2030-01-01T00:00:00Z')
const attached = { verified: true, form: 'attached', payload }
const detached = { verified: true, form: 'detached', payload }
const refused = (why: RegExp | string) => ({ verified: false, why: expect.stringMatching(why) })

const home = hasGpg ? gpgHome() : undefined
const { answer, gpg, newKey, exported } = home ?? ({} as GpgHome)
afterAll(() => home?.close())

const signed = (fingerprint: string, args: string[], at?: string) =>
  gpg(['--local-user', fingerprint, ...args], { input: payload, at })

describe.skipIf(!hasGpg)('with gpg', () => {
  test('an expired key verifies what it signed before it expired, and nothing later', async () => {
    const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
    const early = signed(fingerprint, ['--detach-sign'], '2020-06-01')
    const late = signed(fingerprint, ['--detach-sign'], '2021-06-01')
    expect(await verifyPgp(exported(fingerprint), payload, early, NOW)).toEqual(detached)
    expect(await verifyPgp(exported(fingerprint), payload, late, NOW)).toEqual(detached)
    gpg(['--quick-set-expire', fingerprint, '1y'], { at: '2020-01-02' })
    expect(await verifyPgp(exported(fingerprint), payload, early, NOW)).toEqual(detached)
    expect(await verifyPgp(exported(fingerprint), payload, late, NOW)).toEqual(refused('expired'))
  })

  test('a key whose expiry was extended, for which gpg makes a newer self-signature, verifies what it signed before', async () => {
    const fingerprint = newKey('ed25519', 'sign', '1y', '2020-01-01')
    const before = signed(fingerprint, ['--detach-sign'], '2020-06-01')
    expect(await verifyPgp(exported(fingerprint), payload, before, NOW)).toEqual(detached)
    gpg(['--quick-set-expire', fingerprint, '5y'], { at: '2020-11-01' })
    const after = signed(fingerprint, ['--detach-sign'], '2023-01-01')
    expect(await verifyPgp(exported(fingerprint), payload, before, NOW)).toEqual(detached)
    expect(await verifyPgp(exported(fingerprint), payload, after, NOW)).toEqual(detached)
  })

  test('a signature that is older than its key does not verify', async () => {
    const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
    const at = (time: string) => signed(fingerprint, ['--detach-sign', '--ignore-time-conflict', '--ignore-valid-from'], time)
    expect(await verifyPgp(exported(fingerprint), payload, at('2020-01-02'), NOW)).toEqual(detached)
    expect(await verifyPgp(exported(fingerprint), payload, at('2019-12-31'), NOW)).toEqual(refused('newer than the signature'))
  })

  test('a signature from the future verifies when its time has come, or is five minutes away', async () => {
    const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
    const signature = signed(fingerprint, ['--sign'], '2024-05-05T12:00:00Z')
    const at = (now: string) => verifyPgp(exported(fingerprint), payload, signature, new Date(now))
    expect(await at('2024-05-05T11:54:59Z')).toEqual(refused('in the future, at 2024-05-05T12:00:00'))
    expect(await at('2024-05-05T11:55:00Z')).toEqual(attached)
    expect(await at('2024-05-05T12:00:00Z')).toEqual(attached)
    expect(await at('2124-05-05T12:00:00Z')).toEqual(attached)
  })

  test('a signature with an expiry date verifies until then', async () => {
    const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
    const signature = signed(fingerprint, ['--detach-sign', '--default-sig-expire', '1d'], '2024-05-05')
    const at = (now: string) => verifyPgp(exported(fingerprint), payload, signature, new Date(now))
    expect(await at('2024-05-05T23:59:59Z')).toEqual(detached)
    expect(await at('2024-05-06T00:00:00Z')).toEqual(refused('expired at 2024-05-06T00:00:00'))
  })

  test.each(['0', '1', '2', '3'])(
    'a key revoked for reason %s verifies nothing, even from before its revocation',
    async (reason) => {
      const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
      const signature = signed(fingerprint, ['--sign'], '2020-06-01')
      const before = exported(fingerprint)
      const certificate = answer(['--gen-revoke', fingerprint], 'y', reason, '', 'y')
      gpg(['--import'], { input: certificate })
      expect(await verifyPgp(before, payload, signature, NOW)).toEqual(attached)
      expect(await verifyPgp(exported(fingerprint), payload, signature, NOW)).toEqual(refused(`${fingerprint} is revoked`))
    },
  )

  test('a signing subkey verifies, with its own expiry, until it is revoked; other subkeys stay good', async () => {
    const fingerprint = newKey('ed25519', 'cert', 'never', '2020-01-01')
    gpg(['--quick-add-key', fingerprint, 'ed25519', 'sign', 'never'], { at: '2020-01-01' })
    gpg(['--quick-add-key', fingerprint, 'rsa2048', 'sign', 'never'], { at: '2020-01-02' })
    const [first, second] = [
      ...gpg(['--with-colons', '--list-keys', fingerprint])
        .toString()
        .matchAll(/^fpr:+([0-9A-F]{40}):/gm),
    ]
      .map((match) => match[1]!)
      .slice(1)
    const by = (subkey: string, at: string) => signed(`${subkey}!`, ['--detach-sign'], at)
    const [one, two, late] = [by(first!, '2020-06-01'), by(second!, '2020-06-01'), by(second!, '2022-06-01')]
    for (const signature of [one, two, late])
      expect(await verifyPgp(exported(fingerprint), payload, signature, NOW)).toEqual(detached)

    gpg(['--quick-set-expire', fingerprint, '1y', second!], { at: '2020-01-03' })
    expect(await verifyPgp(exported(fingerprint), payload, two, NOW)).toEqual(detached)
    expect(await verifyPgp(exported(fingerprint), payload, late, NOW)).toEqual(refused('expired'))

    answer(['--edit-key', fingerprint], 'key 1', 'revkey', 'y', '3', '', 'y', 'save')
    expect(await verifyPgp(exported(fingerprint), payload, one, NOW)).toEqual(
      refused(`subkey ${first!.slice(-16)}, which is revoked`),
    )
    expect(await verifyPgp(exported(fingerprint), payload, two, NOW)).toEqual(detached)
  })

  test('a subkey that the key does not have verifies nothing', async () => {
    const fingerprint = newKey('ed25519', 'cert')
    const withoutSubkey = exported(fingerprint)
    gpg(['--quick-add-key', fingerprint, 'ed25519', 'sign', 'never'])
    const signature = signed(fingerprint, ['--detach-sign'])
    expect(await verifyPgp(exported(fingerprint), payload, signature, NOW)).toEqual(detached)
    expect(await verifyPgp(withoutSubkey, payload, signature, NOW)).toEqual(refused('not part of this key'))
  })

  test('a key whose usage is no longer to sign verifies nothing', async () => {
    const fingerprint = newKey('ed25519', 'sign', 'never', '2020-01-01')
    const signature = signed(fingerprint, ['--detach-sign'], '2020-06-01')
    expect(await verifyPgp(exported(fingerprint), payload, signature, NOW)).toEqual(detached)
    answer(['--edit-key', fingerprint], 'change-usage', 's', 'q', 'save')
    expect(gpg(['--with-colons', '--list-keys', fingerprint]).toString()).toMatch(/^pub:.*:cC:/m)
    expect(await verifyPgp(exported(fingerprint), payload, signature, NOW)).toEqual(refused('does not verify'))
  })
})

const DAY = 24 * 60 * 60

test('newer self-signatures that say the key, or the subkey, had expired before the signature are believed', async () => {
  const { createMessage, generateKey, reformatKey, sign } = await import('openpgp')
  const userIDs = [{ name: 'a' }]
  const made = { userIDs, date: new Date('2020-01-01'), format: 'object' as const }
  const { privateKey } = await generateKey({ ...made, subkeys: [{ sign: true }] })
  const signingKeyIDs = [privateKey.getKeyID(), privateKey.subkeys[0]!.getKeyID()]
  const message = await createMessage({ binary: payload })
  const signatures: Buffer[] = []
  for (const keyID of signingKeyIDs) {
    const options = { message, signingKeys: privateKey, signingKeyIDs: keyID, date: new Date('2021-06-01') }
    signatures.push(Buffer.from(await sign({ ...options, detached: true, format: 'binary' })))
  }
  const expiring = async (days: number) => {
    const options = {
      privateKey,
      userIDs,
      date: new Date('2022-01-01'),
      keyExpirationTime: days * DAY,
      format: 'object' as const,
    }
    return (await reformatKey(options)).publicKey
  }
  const verdicts = (armored: string) => Promise.all(signatures.map((signature) => verifyPgp(armored, payload, signature, NOW)))
  const expired = refused('had expired when the signature was made')
  const [long, short] = [await expiring(1000), await expiring(366)]
  expect(await verdicts(long.armor())).toEqual([detached, detached])
  expect(await verdicts(short.armor())).toEqual([expired, expired])
  long.subkeys[0]!.bindingSignatures = short.subkeys[0]!.bindingSignatures
  expect(await verdicts(long.armor())).toEqual([detached, expired])
})

test('a key whose self-signature does not say that it may sign verifies nothing', async () => {
  const { config, createMessage, enums, generateKey, SignaturePacket, sign } = await import('openpgp')
  const date = new Date('2020-01-01')
  const { privateKey } = await generateKey({ userIDs: [{ name: 'a' }], date, format: 'object' })
  const message = await createMessage({ binary: payload })
  const signature = Buffer.from(await sign({ message, signingKeys: privateKey, date, detached: true, format: 'binary' }))
  const [user] = privateKey.users
  const withFlags = async (keyFlags?: number[]) => {
    const { keyPacket: key } = privateKey
    const fields = {
      signatureType: enums.signature.certPositive,
      publicKeyAlgorithm: key.algorithm,
      hashAlgorithm: enums.hash.sha256,
    }
    const certification = Object.assign(new SignaturePacket(), fields, keyFlags && { keyFlags })
    // The types leave out the configuration, which sign() needs.
    await Reflect.apply(certification.sign, certification, [key, { userID: user!.userID, key }, date, false, config])
    user!.selfCertifications = [certification]
    return verifyPgp(privateKey.toPublic().armor(), payload, signature, NOW)
  }
  const { certifyKeys, signData, encryptStorage } = enums.keyFlags
  expect(await withFlags([certifyKeys | signData])).toEqual(detached)
  expect(await withFlags([signData])).toEqual(detached)
  for (const flags of [[certifyKeys], [encryptStorage], [0], [], undefined])
    expect(await withFlags(flags)).toEqual(refused('does not verify'))
})
