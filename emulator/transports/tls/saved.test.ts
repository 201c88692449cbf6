import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../log.ts'
import { type Identity, type TlsOptions, tlsIdentity } from './identity.ts'
import { namesOf } from './names.ts'

const DAY = 86_400_000
const FILES = ['ca-key.pem', 'ca.pem', 'server-by-name.pem', 'server-key.pem', 'server.pem']

function newData() {
  const data = mkdtempSync(join(tmpdir(), 'tls-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  return data
}

/** A start with this data, days from now. `log` has `level: message` of what it wrote. */
async function start(data: string, { sans, days = 0 }: Pick<TlsOptions, 'sans'> & { days?: number } = {}) {
  const log: string[] = []
  const logger = createLogger('debug', (line) => {
    const { level, message } = JSON.parse(line)
    log.push(`${level}: ${message}`)
  })
  const identity = await tlsIdentity({ data, sans }, () => new Date(Date.now() + days * DAY), logger)()
  expectMatchingSet(identity)
  return { identity, log }
}

function expectMatchingSet({ caPem, certPem, certPemWithoutAddresses, keyPem }: Identity) {
  const ca = new X509Certificate(caPem)
  for (const pem of [certPem, certPemWithoutAddresses]) {
    const certificate = new X509Certificate(pem)
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  }
}

const textsOf = (data: string) => FILES.map((name) => readFileSync(join(data, 'tls', name), 'utf8'))

test('a new folder has five files for its owner alone, and nothing is warned of', async () => {
  const data = newData()
  const { identity, log } = await start(data)
  expect(log).toEqual([])
  expect(readdirSync(join(data, 'tls')).sort()).toEqual(FILES)
  expect(statSync(join(data, 'tls')).mode & 0o777).toBe(0o700)
  for (const name of FILES) expect(statSync(join(data, 'tls', name)).mode & 0o777).toBe(0o600)
  expect(textsOf(data).slice(1)).toEqual([identity.caPem, identity.certPemWithoutAddresses, identity.keyPem, identity.certPem])
  expect(new X509Certificate(identity.caPem).checkPrivateKey(createPrivateKey(textsOf(data)[0]!))).toBe(true)
})

test('private keys are nowhere else in the data', async () => {
  const data = newData()
  await start(data)
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(data, name)).isFile())
  const withKeys = files.filter((name) => readFileSync(join(data, name), 'utf8').includes('PRIVATE KEY'))
  expect(withKeys.sort()).toEqual(['tls/ca-key.pem', 'tls/server-key.pem'])
})

test('a folder that others can look into is closed', async () => {
  const data = newData()
  mkdirSync(join(data, 'tls'))
  chmodSync(join(data, 'tls'), 0o755)
  await start(data)
  expect(statSync(join(data, 'tls')).mode & 0o777).toBe(0o700)
})

test('the next start has the same identity, and writes nothing', async () => {
  const data = newData()
  const first = await start(data, { sans: ['a.b', '::2'] })
  const times = () => FILES.map((name) => statSync(join(data, 'tls', name)).mtimeMs)
  const before = times()
  expect(await start(data, { sans: ['0::2', 'A.B'] })).toEqual({ identity: first.identity, log: [] })
  expect(times()).toEqual(before)
})

test('fewer names: the same CA issues the certificate anew, which is no reason to warn', async () => {
  const data = newData()
  const first = await start(data, { sans: ['a.b', '*.c.d', '10.0.0.9'] })
  const { identity, log } = await start(data, { sans: ['x.a.b', '*.c.d'] })
  expect(identity.caPem).toBe(first.identity.caPem)
  expect(log).toEqual(['info: The server certificate is issued anew: other names are asked for.'])
  expect(namesOf(new X509Certificate(identity.certPem).subjectAltName).dns).toContain('x.a.b')
  expect(namesOf(new X509Certificate(identity.certPem).subjectAltName).ips).toEqual(['127.0.0.1', '::1'])
})

test.each(['elsewhere.example', '10.0.0.9', 'fd00::9', 'bank.app'])(
  'a new --san %s that the CA may not certify makes a new CA, and says so',
  async (san) => {
    const data = newData()
    const first = await start(data, { sans: ['app'] })
    const { identity, log } = await start(data, { sans: ['app', san] })
    expect(identity.caPem).not.toBe(first.identity.caPem)
    const ca = join(data, 'tls', 'ca.pem')
    expect(log).toEqual([`warn: The CA is made again, and clients must trust the new one, ${ca}: ca.pem may not certify ${san}.`])
    expect(await start(data, { sans: ['app', san] })).toEqual({ identity, log: [] })
  },
)

test('the certificate is issued anew when less than 30 days remain, by the same CA', async () => {
  const data = newData()
  const first = await start(data)
  expect(await start(data, { days: 365 })).toEqual({ identity: first.identity, log: [] })
  const { identity, log } = await start(data, { days: 367 })
  expect(identity.caPem).toBe(first.identity.caPem)
  expect(log).toEqual([expect.stringMatching(/^info: The server certificate is issued anew: it ends on .* GMT\.$/)])
  expect(Date.parse(new X509Certificate(identity.certPem).validTo)).toBeGreaterThan(Date.now() + 760 * DAY)
})

test('where the clock went back, the certificate is issued anew for the time that it is', async () => {
  const data = newData()
  await start(data)
  const { log } = await start(data, { days: -20 })
  expect(log).toEqual(['info: The server certificate is issued anew: it is not valid yet.'])
})

test('no certificate outlives its CA, and a CA that has expired is replaced, with a warning', async () => {
  const data = newData()
  const first = await start(data)
  const late = await start(data, { days: 3600 })
  const [certificate, ca] = [late.identity.certPem, late.identity.caPem].map((pem) => new X509Certificate(pem))
  expect(late.identity.caPem).toBe(first.identity.caPem)
  expect(certificate!.validTo).toBe(ca!.validTo)
  const { identity, log } = await start(data, { days: 3653 })
  expect(identity.caPem).not.toBe(first.identity.caPem)
  expect(log).toEqual([
    expect.stringMatching(/^warn: The CA is made again, and clients must trust .*: ca\.pem has expired \(.*\)\.$/),
  ])
})

const DAMAGES: [what: string, damaged: (text: string) => string | undefined][] = [
  ['is empty', () => ''],
  ['is cut off', (text) => text.slice(0, text.length / 3)],
  ['is noise', () => randomBytes(2000).toString('latin1')],
  ['has another byte', (text) => text.replace(/.(?=.{40}\n)/, (letter) => (letter === 'A' ? 'B' : 'A'))],
  ['is missing', () => undefined],
]

test.each(FILES.flatMap((name) => DAMAGES.map(([what]) => [name, what] as const)))('%s that %s heals', async (name, what) => {
  const data = newData()
  const path = join(data, 'tls', name)
  const first = await start(data)
  const text = DAMAGES.find(([of]) => of === what)![1](readFileSync(path, 'latin1'))
  if (text === undefined) rmSync(path)
  else writeFileSync(path, text, 'latin1')
  const { identity, log } = await start(data)
  const isCaKept = name.startsWith('server')
  expect(identity.caPem === first.identity.caPem).toBe(isCaKept)
  expect(log.map((line) => line.slice(0, 21))).toEqual(
    name === 'server.pem' && what === 'is missing' ? [] : [isCaKept ? 'warn: The server cert' : 'warn: The CA is made '],
  )
  expect(await start(data)).toEqual({ identity, log: [] })
})

test.each(FILES)('%s of another emulator heals', async (name) => {
  const [data, other] = [newData(), newData()]
  const first = await start(data)
  await start(other)
  writeFileSync(join(data, 'tls', name), readFileSync(join(other, 'tls', name)))
  const { identity, log } = await start(data)
  expect(identity.caPem === first.identity.caPem).toBe(name.startsWith('server'))
  expect(log).toEqual([expect.stringMatching(/^warn: The (CA|server certificate) is made again/)])
})

test('a server certificate where the CA should be is no CA', async () => {
  const data = newData()
  await start(data)
  for (const file of ['.pem', '-key.pem'])
    writeFileSync(join(data, 'tls', `ca${file}`), readFileSync(join(data, 'tls', `server${file}`)))
  const { log } = await start(data)
  expect(log).toEqual([expect.stringMatching(/: ca\.pem is no CA with an RSA key\.$/)])
})

/** Kills its process with SIGKILL at the change of a file with that number, in the middle of it where something is written. */
const KILLER = `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
let left = Number(process.env.CHANGES_LEFT)
for (const name of ['writeFileSync', 'renameSync', 'rmSync']) {
  const real = fs[name]
  fs[name] = (path, ...rest) => {
    if ((name !== 'rmSync' || fs.existsSync(path)) && left-- === 0) {
      if (name === 'writeFileSync') real(path, rest[0].slice(0, 500), rest[1])
      process.kill(process.pid, 'SIGKILL')
    }
    return real(path, ...rest)
  }
}
syncBuiltinESMExports()`

const STARTER = `const { tlsIdentity } = await import(process.argv[1])
await tlsIdentity(JSON.parse(process.argv[2]), () => new Date(), { warn() {}, info() {} })()`

function killedStart(options: TlsOptions, changesLeft: number): SpawnSyncReturns<Buffer> {
  const killer = `data:text/javascript,${encodeURIComponent(KILLER)}`
  const module = new URL('identity.ts', import.meta.url).href
  return spawnSync(
    process.execPath,
    ['--import', killer, '--input-type=module', '-e', STARTER, module, JSON.stringify(options)],
    {
      env: { ...process.env, CHANGES_LEFT: String(changesLeft) },
    },
  )
}

test.each([
  ['the first', undefined],
  ['a CA for more names', ['more.example']],
])(
  'killed at any change of a file while it makes %s, it leaves none or what matches, for the next start',
  async (_, sans) => {
    const changes = sans ? 13 : 10
    for (let left = 0; left <= changes; left++) {
      const data = newData()
      if (sans) await start(data)
      const { signal, status, stderr } = killedStart({ data, sans }, left)
      expect([signal, status, String(stderr)]).toEqual(left < changes ? ['SIGKILL', null, ''] : [null, 0, ''])
      for (const [cert, key] of [
        ['ca.pem', 'ca-key.pem'],
        ['server.pem', 'server-key.pem'],
        ['server-by-name.pem', 'server-key.pem'],
      ].map((pair) => pair.map((name) => join(data, 'tls', name)) as [string, string]))
        if (existsSync(cert))
          expect(new X509Certificate(readFileSync(cert)).checkPrivateKey(createPrivateKey(readFileSync(key)))).toBe(true)
      const { log } = await start(data, { sans })
      // as long as the CA before is there, it is said that clients must trust another
      const said = expect.stringMatching(/^warn: The CA is made again.*: ca\.pem may not certify more\.example\.$/)
      expect(log).toEqual(sans && left < 3 ? [said] : [])
      expect(readdirSync(join(data, 'tls')).sort()).toEqual(FILES)
    }
  },
  120_000,
)
