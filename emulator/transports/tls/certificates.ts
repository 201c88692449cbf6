// X.509 certificates: a CA that may certify the emulator's names and nothing else, and the server's. node-forge writes them; key pairs,
// signatures and chance are node:crypto's.
import { generateKeyPair, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type forge from 'node-forge'
import type { Identity } from './identity.ts'
import { bytesOfAddress, type Constraints, canonicalAddress, constraintsFor, type Names } from './names.ts'

/** A certificate and its private key (PKCS #8), both PEM. */
export interface Pair {
  certPem: string
  keyPem: string
}

const DAY = 86_400_000
const AUTHORITY_DAYS = 3652
/** Apple takes no more than 398. */
const SERVER_DAYS = 397

const NAME_CONSTRAINTS = '2.5.29.30'
/** Tags of GeneralName. */
const DNS = 2
const IP = 7

const load = async () => (await import('node-forge')).default

const generate = promisify(generateKeyPair)

/** An RSA key pair as PEM, made on a thread. */
const newKeys = () =>
  generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })

/** A CA, valid for ten years, that clients accept for these names alone: whoever steals its key can be nobody else. */
export async function newAuthority(names: Names, now: Date): Promise<Pair> {
  const [{ pki, asn1 }, keys] = await Promise.all([load(), newKeys()])
  const certificate = pki.createCertificate()
  const serial = serialNumber()
  certificate.serialNumber = serial
  certificate.publicKey = pki.publicKeyFromPem(keys.publicKey)
  certificate.validity.notBefore = new Date(now.getTime() - DAY)
  certificate.validity.notAfter = new Date(now.getTime() + AUTHORITY_DAYS * DAY)
  // no two have the same name: a client that trusts both would try the wrong one
  const subject = [
    { name: 'organizationName', value: 'binauthz-emulator' },
    { name: 'commonName', value: `binauthz-emulator CA for local testing only (${serial.slice(0, 8)})` },
  ]
  certificate.setSubject(subject)
  certificate.setIssuer(subject)
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'extKeyUsage', serverAuth: true }, // name constraints do not reach clients, code and mail
    { id: NAME_CONSTRAINTS, critical: true, value: derOf(asn1, constraintsFor(names)) },
    { name: 'subjectKeyIdentifier' },
  ])
  return { certPem: signed({ pki, asn1 }, certificate, keys.privateKey), keyPem: keys.privateKey }
}

/** A new key, and certificates of the CA for it. */
export async function newIdentity(authority: Pair, names: Names, now: Date): Promise<Identity> {
  const { publicKey, privateKey } = await newKeys()
  const chainFor = async (names: Names) => (await newServerCertificate(authority, publicKey, names, now)) + authority.certPem
  return {
    caPem: authority.certPem,
    certPem: await chainFor(names),
    certPemWithoutAddresses: await chainFor({ ...names, ips: [] }),
    keyPem: privateKey,
  }
}

/** A certificate of the CA for a TLS server that has these names and this public key, valid for 397 days, but no longer than the CA. */
async function newServerCertificate(authority: Pair, publicKey: string, { dns, ips }: Names, now: Date): Promise<string> {
  const { pki, asn1 } = await load()
  const issuer = pki.certificateFromPem(authority.certPem)
  const certificate = pki.createCertificate()
  certificate.serialNumber = serialNumber()
  certificate.publicKey = pki.publicKeyFromPem(publicKey)
  certificate.validity.notBefore = new Date(now.getTime() - DAY)
  const end = Math.min(now.getTime() + (SERVER_DAYS - 1) * DAY, issuer.validity.notAfter.getTime())
  certificate.validity.notAfter = new Date(end)
  certificate.setSubject([{ name: 'commonName', value: 'binauthz-emulator, for local testing only' }])
  certificate.setIssuer(issuer.subject.attributes)
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [
        ...dns.map((value) => ({ type: DNS, value })),
        ...ips.map((ip) => ({ type: IP, value: bytesOfAddress(ip).toString('latin1') })),
      ],
    },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ])
  return signed({ pki, asn1 }, certificate, authority.keyPem)
}

/** What the CA may certify; undefined where it has no name constraints. */
export async function constraintsOf(authority: X509Certificate): Promise<Constraints | undefined> {
  const { pki, asn1 } = await load()
  const extension = pki.certificateFromPem(authority.toString()).getExtension({ name: 'nameConstraints' })
  if (!extension) return undefined
  const subtrees = asn1.fromDer((extension as { value: string }).value).value as forge.asn1.Asn1[]
  const values = (part: number, type: number) =>
    subtrees
      .filter((subtree) => (subtree.type as number) === part)
      .flatMap((subtree) => (subtree.value as forge.asn1.Asn1[]).map(({ value }) => value[0] as forge.asn1.Asn1))
      .filter((base) => (base.type as number) === type)
      .map((base) => base.value as string)
  return { dns: values(0, DNS), ips: values(0, IP).map(addressOf).filter(Boolean), excluded: values(1, DNS) }
}

/** The address of an iPAddress constraint; empty for a range. */
function addressOf(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  const [address, mask] = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]
  if (mask.some((byte) => byte !== 0xff)) return ''
  return canonicalAddress(address.length === 4 ? address.join('.') : address.toString('hex').replace(/(....)(?!$)/g, '$1:'))
}

/** NameConstraints, which forge does not know. As soon as one address is permitted, every other is refused; one has always 127.0.0.1. */
function derOf({ create, Class, Type, toDer }: typeof forge.asn1, { dns, ips, excluded }: Constraints): string {
  const subtree = (type: number, value: string) =>
    create(Class.UNIVERSAL, Type.SEQUENCE, true, [create(Class.CONTEXT_SPECIFIC, type, false, value)])
  const mask = (ip: Buffer) => Buffer.concat([ip, Buffer.alloc(ip.length, 0xff)]).toString('latin1')
  const permitted = [...dns.map((name) => subtree(DNS, name)), ...ips.map((ip) => subtree(IP, mask(bytesOfAddress(ip))))]
  const parts = [permitted, excluded.map((name) => subtree(DNS, name))]
    .map((subtrees, part) => create(Class.CONTEXT_SPECIFIC, part, true, subtrees))
    .filter(({ value }) => value.length > 0)
  return toDer(create(Class.UNIVERSAL, Type.SEQUENCE, true, parts)).getBytes()
}

/** 16 bytes, positive and without a leading zero, hexadecimal. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}

function signed({ pki, asn1 }: Pick<typeof forge, 'pki' | 'asn1'>, certificate: forge.pki.Certificate, keyPem: string): string {
  certificate.signatureOid = pki.oids.sha256WithRSAEncryption!
  certificate.siginfo.algorithmOid = certificate.signatureOid
  const { getTBSCertificate } = pki as unknown as { getTBSCertificate(of: forge.pki.Certificate): forge.asn1.Asn1 }
  const tbs = asn1.toDer(getTBSCertificate(certificate)).getBytes()
  certificate.signature = sign('sha256', Buffer.from(tbs, 'latin1'), keyPem).toString('latin1')
  return pki.certificateToPem(certificate).replaceAll('\r', '')
}
