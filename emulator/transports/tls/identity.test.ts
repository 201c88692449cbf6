import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { StartError } from '../../core/database.ts'
import { createLogger } from '../../log.ts'
import { newAuthority, newIdentity } from './certificates.ts'
import { checkTlsOptions, tlsIdentity } from './identity.ts'
import { namesOf, namesWith } from './names.ts'

const now = () => new Date()
const silent = createLogger('silent')
const DAY = 86_400_000

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** PEM files as a user has them: a server's certificate with its CA, and the key. */
async function givenFiles() {
  const names = { dns: ['emulator.example'], ips: ['127.0.0.1'] }
  const identity = await newIdentity(await newAuthority(names, now()), names, now())
  const folder = newFolder()
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, identity.certPem)
  writeFileSync(key, identity.keyPem)
  return { folder, cert, key, identity }
}

function sentence(check: () => void): string {
  try {
    check()
  } catch (error) {
    expect(error).toBeInstanceOf(StartError)
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

test('in memory, callers at the same time and later ones have one identity', async () => {
  const identity = tlsIdentity({}, now, silent)
  const all = await Promise.all([identity(), identity(), identity()])
  expect(new Set([...all, await identity()]).size).toBe(1)
  const other = await tlsIdentity({}, now, silent)()
  expect(other.caPem).not.toBe(all[0].caPem)
})

test('the CA is for ten years, may sign no other CA, and says what it is for', async () => {
  const ca = new X509Certificate((await tlsIdentity({}, now, silent)()).caPem)
  expect(ca.ca).toBe(true)
  expect(ca.verify(ca.publicKey)).toBe(true)
  expect(ca.subject).toMatch(/CN=binauthz-emulator CA for local testing only \([0-9a-f]{8}\)$/)
  expect(Date.parse(ca.validTo) - Date.now()).toBeGreaterThan(3650 * DAY)
  expect(Date.parse(ca.validFrom)).toBeLessThan(Date.now() - DAY + 60_000)
  expect(ca.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
})

test('the server certificate is for 397 days, for servers, with every name; the chain is it and the CA', async () => {
  const { certPem, caPem, keyPem } = await tlsIdentity({ sans: ['build.example', 'fd00::1'] }, now, silent)()
  const certificate = new X509Certificate(certPem)
  expect(certPem.endsWith(caPem)).toBe(true)
  expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(397 * DAY)
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']) // what Node calls keyUsage is the extended one
  expect(certificate.ca).toBe(false)
  expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
  expect(namesOf(certificate.subjectAltName)).toEqual(namesWith(['build.example', 'fd00::1']))
})

test('for who names a host there is the same without addresses', async () => {
  const { certPem, certPemWithoutAddresses, keyPem, caPem } = await tlsIdentity({ sans: ['10.1.2.3'] }, now, silent)()
  const certificate = new X509Certificate(certPemWithoutAddresses)
  expect(namesOf(certificate.subjectAltName)).toEqual({ dns: namesOf(new X509Certificate(certPem).subjectAltName).dns, ips: [] })
  expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  expect(certificate.verify(new X509Certificate(caPem).publicKey)).toBe(true)
})

test('after a failure the next call tries again', async () => {
  const folder = newFolder()
  const data = join(folder, 'data')
  writeFileSync(data, 'a file where the folder should be')
  const identity = tlsIdentity({ data }, now, silent)
  await expect(identity()).rejects.toMatchObject({ code: 'ENOTDIR' })
  rmSync(data)
  expect((await identity()).caPem).toBe(readFileSync(join(data, 'tls', 'ca.pem'), 'utf8'))
})

test('a given certificate is served as it is, its last CA is the one to trust, and the folder of the data has nothing', async () => {
  const { cert, key, folder, identity } = await givenFiles()
  writeFileSync(cert, `what openssl says of it\n${identity.keyPem}${identity.certPem}`)
  checkTlsOptions({ cert, key })
  expect(await tlsIdentity({ cert, key, data: folder }, now, silent)()).toEqual({
    caPem: identity.caPem,
    certPem: identity.certPem,
    certPemWithoutAddresses: identity.certPem,
    keyPem: identity.keyPem,
  })
  expect(() => readFileSync(join(folder, 'tls'))).toThrow('ENOENT')
})

test('a given certificate without a CA is what clients trust', async () => {
  const { cert, key, identity } = await givenFiles()
  const alone = identity.certPem.slice(0, -identity.caPem.length)
  writeFileSync(cert, alone)
  expect(await tlsIdentity({ cert, key }, now, silent)()).toMatchObject({ caPem: alone, certPem: alone })
})

test('--cert and --key are given together, without --san', async () => {
  const { cert, key } = await givenFiles()
  expect(sentence(() => checkTlsOptions({ cert }))).toBe('--cert is given alone: give --cert and --key, or neither.')
  expect(sentence(() => checkTlsOptions({ key }))).toBe('--key is given alone: give --cert and --key, or neither.')
  expect(sentence(() => checkTlsOptions({ cert, key, sans: ['a.b'] }))).toMatch(
    /^--san is about .*: leave it out, or --cert and --key\.$/,
  )
})

test('given files that no server can use are refused, with what to do', async () => {
  const { cert, key, folder, identity } = await givenFiles()
  const file = join(folder, 'other.pem')
  const refusal = (text: string, options: object) => {
    writeFileSync(file, text)
    return sentence(() => checkTlsOptions({ cert, key, ...options }))
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const plain = { type: 'pkcs8', format: 'pem' } as const
  const encrypted = privateKey.export({ ...plain, cipher: 'aes-256-cbc', passphrase: 'secret' })
  const reversed = identity.caPem + identity.certPem
  expect(sentence(() => checkTlsOptions({ cert: join(folder, 'none'), key }))).toMatch(
    /^--cert cannot be read \(ENOENT.*\): give /,
  )
  expect(sentence(() => checkTlsOptions({ cert, key: folder }))).toMatch(/^--key cannot be read \(EISDIR.*\): give /)
  expect(refusal('no PEM', { cert: file })).toMatch(/has no certificate: give a PEM file/)
  expect(refusal(identity.certPem.replace(/MII/, 'AAA'), { cert: file })).toMatch(
    /has a certificate that cannot be parsed \(.*\): give/,
  )
  expect(refusal('no PEM', { key: file })).toMatch(/has a private key that cannot be parsed \(.*\): give a PEM file/)
  expect(refusal(String(encrypted), { key: file })).toMatch(/is encrypted: give the private key without a passphrase\.$/)
  expect(refusal(String(privateKey.export(plain)), { key: file })).toMatch(
    /is not the key of the certificate in .*: give the two/,
  )
  expect(refusal(reversed, { cert: file })).toMatch(/begins with another certificate .*: put the server's first, then its CAs\.$/)
  await expect(tlsIdentity({ cert: file, key: join(folder, 'none') }, now, silent)()).rejects.toThrow(StartError)
})

test('a --san that no certificate can have is refused', () => {
  checkTlsOptions({ sans: ['a.b', '*.a.b', '10.0.0.1', '::1'] })
  expect(sentence(() => checkTlsOptions({ sans: ['a.b', 'http://a.b'] }))).toMatch(
    /^--san http:\/\/a\.b cannot stand in a certificate, it is no DNS name and no IP address .*: give a DNS name or an IP address\.$/,
  )
})

test('the checks at start load no forge, nor does a given certificate or one that the data has; a new one does', async () => {
  const { cert, key, folder } = await givenFiles()
  const module = new URL('identity.ts', import.meta.url).href
  const script = `import { createRequire } from 'node:module'
    const { checkTlsOptions, tlsIdentity } = await import(${JSON.stringify(module)})
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const options = JSON.parse(process.argv[1])
    checkTlsOptions(options)
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('node-forge'))
    const before = loaded()
    await tlsIdentity(options, () => new Date(), log)()
    console.log(JSON.stringify([before, loaded()]))`
  const start = (options: object) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(options)], { encoding: 'utf8' })
  expect(JSON.parse(start({ cert, key }))).toEqual([false, false])
  expect(JSON.parse(start({ data: folder, sans: ['a.b'] }))).toEqual([false, true])
  expect(JSON.parse(start({ data: folder, sans: ['a.b'] }))).toEqual([false, false])
})
