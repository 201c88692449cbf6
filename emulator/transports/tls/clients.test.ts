// What TLS libraries make of the certificates: each of its names is accepted, and with the key of the CA nobody can be anybody else.
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect as connectPlain, isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { newAuthority, newIdentity } from './certificates.ts'
import type { Identity } from './identity.ts'
import { namesWith } from './names.ts'
import { serverOptions } from './server-options.ts'

const SANS = ['build.example', '*.svc.example', '10.1.2.3', 'fd00::a']

/** Hosts as clients ask for them. */
const GOOGLE = [
  ...['cloudkms.googleapis.com', 'www.googleapis.com', 'oauth2.googleapis.com', 'us-central1-docker.pkg.dev', 'eu.gcr.io'],
  ...[
    'cloudkms.us-east1.rep.googleapis.com',
    'containeranalysis.europe-west4.rep.googleapis.com',
    'cloudkms.mtls.googleapis.com',
  ],
]

/** What the CA was not made for. */
const FOREIGN = [
  ...[
    'example.com',
    'a.example',
    'evilgoogleapis.com',
    'googleapis.com.example',
    'bank.app',
    '10.0.0.1',
    '10.1.2.4',
    '127.0.0.2',
  ],
  ...['::2', 'fd00::b', '::ffff:10.0.0.1'],
]

interface Case {
  /** Certificates and a key, as a server has them; the first is the server's. */
  chain: string
  key: string
  hosts: string[]
}

interface World {
  caPem: string
  genuine: Identity
  cases: Record<string, Case>
}

/** A CA for these names, what it issued for them, and what a thief of its key would. */
async function worldOf(sans: string[]): Promise<World> {
  const now = new Date()
  const names = namesWith(sans)
  const authority = await newAuthority(names, now)
  const genuine = await newIdentity(authority, names, now)
  const { certPem, certPemWithoutAddresses, keyPem: key } = genuine
  const hosts = [...names.dns.map((name) => name.replace('*', 'a-z0')), ...GOOGLE, ...names.ips]
  const cases: Record<string, Case> = {
    all: { chain: certPem, key, hosts },
    byName: { chain: certPemWithoutAddresses, key, hosts: hosts.filter((host) => !isIP(host)) },
  }
  // the last hides the foreign name beside one of ours
  const thefts = [
    ...FOREIGN.map((host) => [host, host]),
    ['*.example.com', 'www.example.com'],
    ['localhost,example.com', 'localhost'],
  ]
  for (const [stolen = '', host = ''] of thefts) {
    const [dns, ips] = [false, true].map((wanted) => stolen.split(',').filter((san) => (isIP(san) !== 0) === wanted))
    const { certPem, keyPem } = await newIdentity(authority, { dns: dns!, ips: ips! }, now)
    cases[`foreign ${stolen}`] = { chain: certPem, key: keyPem, hosts: [host] }
  }
  return { caPem: authority.certPem, genuine, cases }
}

let world: World
beforeAll(async () => {
  world = await worldOf([...SANS, 'app'])
}, 60_000)

const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0

/** Cases as files in a folder that goes with the test; `cases.json` there lists them. */
function inFiles({ caPem, cases }: World) {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'ca.pem'), caPem)
  const list = Object.entries(cases).flatMap(([name, { chain, key, hosts }], index) => {
    const [cert, keyFile] = [join(folder, `${index}.pem`), join(folder, `${index}-key.pem`)]
    writeFileSync(cert, chain)
    writeFileSync(keyFile, key)
    return { name, cert, key: keyFile, hosts }
  })
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(list))
  return { folder, list }
}

/** Per case and host an error, or nothing where it was accepted. */
type Verdicts = Record<string, Record<string, string>>

function expectTheRightOnes({ cases }: World, verdicts: Verdicts, because: RegExp) {
  expect(Object.keys(verdicts).sort()).toEqual(Object.keys(cases).sort())
  for (const [name, { hosts }] of Object.entries(cases))
    for (const host of hosts)
      if (name.startsWith('foreign')) expect(verdicts[name]![host], `${name} as ${host}`).toMatch(because)
      else expect(verdicts[name]![host], `${name} as ${host}`).toBe('')
}

test.skipIf(!has('openssl', 'version'))('openssl', () => {
  const { folder, list } = inFiles(world)
  const verdicts: Verdicts = {}
  for (const { name, cert, hosts } of list)
    verdicts[name] = Object.fromEntries(
      hosts.map((host) => {
        const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', join(folder, 'ca.pem')]
        const { status, stderr } = spawnSync('openssl', [...args, isIP(host) ? '-verify_ip' : '-verify_hostname', host, cert])
        return [host, status === 0 ? '' : String(stderr)]
      }),
    )
  expectTheRightOnes(world, verdicts, /permitted subtree violation|excluded subtree violation/)
})

const GO = `package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var cases []struct{ Name, Cert string; Hosts []string }
	text, err := os.ReadFile(os.Args[2])
	check(err)
	check(json.Unmarshal(text, &cases))
	ca, err := os.ReadFile(os.Args[1])
	check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		panic("no CA")
	}
	verdicts := map[string]map[string]string{}
	for _, one := range cases {
		verdicts[one.Name] = map[string]string{}
		chain, err := os.ReadFile(one.Cert)
		check(err)
		block, _ := pem.Decode(chain)
		certificate, err := x509.ParseCertificate(block.Bytes)
		check(err)
		for _, host := range one.Hosts {
			verdicts[one.Name][host] = ""
			if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
				verdicts[one.Name][host] = err.Error()
			}
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(verdicts))
}
`

test.skipIf(!has('go', 'version'))('crypto/x509 of Go', { timeout: 120_000 }, () => {
  const { folder } = inFiles(world)
  writeFileSync(join(folder, 'main.go'), GO)
  const args = ['run', join(folder, 'main.go'), join(folder, 'ca.pem'), join(folder, 'cases.json')]
  const verdicts = JSON.parse(execFileSync('go', args, { encoding: 'utf8' }))
  expectTheRightOnes(world, verdicts, /is not authorized to sign for this name/)
})

/** A whole handshake in memory; Python sends the names as SNI, and none for addresses. */
const PYTHON_SSL = `import json, ssl, sys
def verdict(cert, key, host):
    client_context = ssl.create_default_context(cafile=sys.argv[1])
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(cert, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        for side in client, server:
            try:
                side.do_handshake()
                if side is client: return ''
            except ssl.SSLWantReadError: pass
            except ssl.SSLCertVerificationError as error: return error.verify_message
cases = json.load(open(sys.argv[2]))
print(json.dumps({c['name']: {h: verdict(c['cert'], c['key'], h) for h in c['hosts']} for c in cases}))
`

test.skipIf(!has('python3', '--version'))('ssl of Python, in a handshake', () => {
  const { folder } = inFiles(world)
  const args = ['-c', PYTHON_SSL, join(folder, 'ca.pem'), join(folder, 'cases.json')]
  expectTheRightOnes(
    world,
    JSON.parse(execFileSync('python3', args, { encoding: 'utf8' })),
    /permitted subtree violation|excluded subtree violation/,
  )
})

/** It takes no DNS constraint that begins with a period, so none of a CA for a name of one label. */
const PYTHON_CRYPTOGRAPHY = `import ipaddress, json, sys
from cryptography import x509
from cryptography.x509 import verification
store = verification.Store(x509.load_pem_x509_certificates(open(sys.argv[1], 'rb').read()))
def verdict(cert, host):
    try: subject = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError: subject = x509.DNSName(host)
    leaf = x509.load_pem_x509_certificates(open(cert, 'rb').read())[0]
    try: verification.PolicyBuilder().store(store).build_server_verifier(subject).verify(leaf, [])
    except verification.VerificationError as error: return str(error)
    return ''
print(json.dumps({c['name']: {h: verdict(c['cert'], h) for h in c['hosts']} for c in json.load(open(sys.argv[2]))}))
`

const hasCryptography = has('python3', '-c', 'from cryptography.x509.verification import PolicyBuilder')

test.skipIf(!hasCryptography)('cryptography of Python', { timeout: 60_000 }, async () => {
  const world = await worldOf(SANS)
  const { folder } = inFiles(world)
  const args = ['-c', PYTHON_CRYPTOGRAPHY, join(folder, 'ca.pem'), join(folder, 'cases.json')]
  expectTheRightOnes(
    world,
    JSON.parse(execFileSync('python3', args, { encoding: 'utf8' })),
    /no permitted name constraints matched/,
  )
})

/** Connects as a client that was told to reach this host; resolves with the subject alternative names that it was shown. */
async function shown(options: TlsOptions, host: string, client: ConnectionOptions = {}): Promise<string> {
  const server = createServer(options).on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = isIP(host) ? { host } : { servername: host }
  const socket = connect({ ...target, ...client, socket: connectPlain(port, '127.0.0.1'), ca: world.caPem })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().subjectaltname!
  } finally {
    socket.destroy()
    server.close()
  }
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'node:tls with %s: addresses are in the certificate for clients that name no host, only there',
  async (version) => {
    const options = serverOptions(world.genuine)
    const client = { minVersion: version, maxVersion: version }
    for (const host of world.cases.all!.hosts) {
      const sans = await shown(options, host, client)
      expect(sans.includes('IP Address:10.1.2.3'), host).toBe(isIP(host) !== 0)
      expect(sans).toContain('DNS:*.googleapis.com')
    }
  },
)

test('node:tls refuses what a thief of the key would issue', async () => {
  for (const [name, { chain, key, hosts }] of Object.entries(world.cases))
    if (name.startsWith('foreign'))
      await expect(shown({ cert: chain, key }, hosts[0]!), name).rejects.toMatchObject({
        message: expect.stringMatching(/permitted subtree violation|excluded subtree violation/),
      })
})

test('node:tls refuses the certificate where the CA is another', async () => {
  const { genuine } = await worldOf([])
  await expect(shown(serverOptions(genuine), 'localhost')).rejects.toMatchObject({
    code: expect.stringMatching(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/),
  })
})

test('TLS 1.1 is refused', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  await expect(shown(serverOptions(world.genuine), 'localhost', old)).rejects.toMatchObject({
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  })
})
