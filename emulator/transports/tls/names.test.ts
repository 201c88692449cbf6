import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import type { Context } from '../../core/service.ts'
import { isLocation, locationsMixin } from '../../mixins/locations.ts'
import { bytesOfAddress, canonicalAddress, constraintsFor, firstRefused, namesOf, namesWith, problemOfName } from './names.ts'

test('the certificate names what clients of Google ask for, and this machine', () => {
  const { dns, ips } = namesWith()
  expect(dns).toEqual(
    expect.arrayContaining([
      ...[
        'localhost',
        'emulator',
        'googleapis.com',
        '*.googleapis.com',
        '*.mtls.googleapis.com',
        '*.pkg.dev',
        'gcr.io',
        '*.gcr.io',
      ],
      ...['accounts.google.com', 'metadata.google.internal', '*.us-east1.rep.googleapis.com', '*.eu.rep.googleapis.com'],
    ]),
  )
  expect(ips).toEqual(['127.0.0.1', '::1'])
})

test('every region that the Locations API lists has a name for its regional endpoints, and nothing else has', async () => {
  const { run } = locationsMixin['google.cloud.location.Locations'].ListLocations
  const list = run as (request: object, ctx: Context) => { locations: { locationId: string }[] }
  const regions = list({ name: 'projects/p' }, {} as Context).locations.map(({ locationId }) => locationId)
  const named = namesWith().dns.flatMap((name) => /^\*\.(.+)\.rep\.googleapis\.com$/.exec(name)?.[1] ?? [])
  expect(named).toEqual(expect.arrayContaining(regions.filter((id) => /^[a-z]+-[a-z]+\d+$/.test(id))))
  expect(named.filter((id) => id !== 'eu' && !isLocation(id))).toEqual([])
})

test('--san adds names and addresses once, however they are written', () => {
  const more = ['Build.Example', '*.svc.example', '10.1.2.3', '0:0:0:0:0:0:0:1', 'FD00::a', 'localhost', 'build.example']
  const { dns, ips } = namesWith(more)
  expect(dns.slice(namesWith().dns.length)).toEqual(['build.example', '*.svc.example'])
  expect(ips).toEqual(['127.0.0.1', '::1', '10.1.2.3', 'fd00::a'])
})

test.each(['a', 'a.b', '*.a.b', 'my_service', 'xn--bcher-kva.example', '10.0.0.1', '::', 'fe80::1'])(
  '%s can be certified',
  (san) => {
    expect(problemOfName(san)).toBeUndefined()
  },
)

test.each([
  ...[
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    '*',
    'a.*.b',
    '**.a.b',
    'f*.a.b',
    'bücher.example',
    'localhost:9080',
    'https://a.b',
    'a b',
  ],
  ...['a,DNS:b', '10.0.0.0/8', '10.0.0.256', '1.2.3', '[::1]', `${'a'.repeat(64)}.b`, `${'a.'.repeat(130)}b`, 'a\n'],
])('%j cannot be certified', (san) => {
  expect(problemOfName(san)).toMatch(/^it is no DNS name and no IP address|^a wildcard needs two labels/)
})

test('a wildcard over a top-level domain and an address with a zone cannot be certified', () => {
  expect(problemOfName('*.dev')).toMatch(/^a wildcard needs two labels/)
  expect(problemOfName('fe80::1%eth0')).toMatch(/zone/)
})

test.each(['127.0.0.1', '::', '::1', '1::', 'fd00::a:0:0:1', '2001:db8:1:2:3:4:5:6', '::ffff:10.1.2.3'])(
  '%s has its bytes',
  (ip) => {
    const bytes = bytesOfAddress(ip)
    const text = isIP(ip) === 4 ? bytes.join('.') : bytes.toString('hex').replace(/(....)(?!$)/g, '$1:')
    expect(bytes.length).toBe(isIP(ip) === 4 ? 4 : 16)
    expect(canonicalAddress(text)).toBe(canonicalAddress(ip))
  },
)

test('the names of a certificate are read from what node:crypto writes of it', () => {
  expect(namesOf('DNS:a.b, DNS:*.c.d, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:A')).toEqual({
    dns: ['a.b', '*.c.d'],
    ips: ['10.0.0.1', 'fd00::a'],
  })
  expect(namesOf(undefined)).toEqual({ dns: [], ips: [] })
})

test('constraints are no wider than the names: domains without their subdomains, single addresses', () => {
  expect(constraintsFor(namesWith(['*.svc.example', '10.1.2.3']))).toEqual({
    dns: [
      ...['localhost', 'emulator', 'googleapis.com', 'pkg.dev', 'gcr.io', 'accounts.google.com', 'metadata.google.internal'],
      'svc.example',
    ],
    ips: ['127.0.0.1', '::1', '10.1.2.3'],
    excluded: [],
  })
})

test('a given name of one label does not permit a top-level domain', () => {
  const constraints = constraintsFor(namesWith(['app']))
  expect(constraints.excluded).toEqual(['.app'])
  expect(firstRefused({ dns: ['app'], ips: [] }, constraints)).toBeUndefined()
  expect(firstRefused({ dns: ['bank.app'], ips: [] }, constraints)).toBe('bank.app')
  expect(constraintsFor(namesWith(['app', 'mine.app'])).excluded).toEqual([])
})

test.each([
  ['example.com', 'example.com'],
  ['*.example.com', '*.example.com'],
  ['evilgoogleapis.com', 'evilgoogleapis.com'],
  ['googleapis.com.example', 'googleapis.com.example'],
  ['10.0.0.1', '10.0.0.1'],
  ['127.0.0.2', '127.0.0.2'],
  ['::2', '::2'],
  ['storage.googleapis.com', undefined],
  ['*.rep.googleapis.com', undefined],
  ['eu.gcr.io', undefined],
])('what constraints of the usual names say of %s: refused is %s', (san, refused) => {
  const only = isIP(san) ? { dns: [], ips: [san] } : { dns: [san], ips: [] }
  expect(firstRefused(only, constraintsFor(namesWith()))).toBe(refused)
})
