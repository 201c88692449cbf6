// Whom the emulator's certificate speaks for, and what its CA may name at all.
import { isIP } from 'node:net'

export interface Names {
  /** Lower case; `*.` stands for exactly one label. */
  dns: string[]
  /** As canonicalAddress() writes them. */
  ips: string[]
}

/** Name constraints (https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10). A DNS name permits itself and all below it, an address
 * nothing but itself. What is excluded begins with a period and is all below that name, but not the name. */
export interface Constraints {
  dns: string[]
  ips: string[]
  excluded: string[]
}

/** A wildcard covers one label, so `cloudkms.us-east1.rep.googleapis.com` needs one for each place that has regional endpoints
 * (https://cloud.google.com/artifact-analysis/docs/endpoints). */
const REGIONS =
  `africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1
asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1
europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1
northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 eu us`.split(/\s+/)

const DNS_NAMES = [
  'localhost',
  'emulator', // the service of docker-compose.yml
  'googleapis.com',
  '*.googleapis.com',
  '*.mtls.googleapis.com', // where the libraries of Google turn when there is a client certificate
  ...REGIONS.map((region) => `*.${region}.rep.googleapis.com`),
  '*.pkg.dev',
  'gcr.io',
  '*.gcr.io',
  'accounts.google.com',
  'metadata.google.internal',
]

const ADDRESSES = ['127.0.0.1', '::1']

/** What the server certificate names: what clients of Google's APIs ask for, and `sans` (DNS names, also wildcards, and IP addresses). */
export function namesWith(sans: readonly string[] = []): Names {
  const given = sans.map((san) => san.toLowerCase())
  const ips = [...ADDRESSES, ...given.filter((san) => isIP(san))].map(canonicalAddress)
  return { dns: [...new Set([...DNS_NAMES, ...given.filter((san) => !isIP(san))])], ips: [...new Set(ips)] }
}

/** What is wrong with a name for the certificate, for the end of a sentence; undefined where nothing is. */
export function problemOfName(san: string): string | undefined {
  if (isIP(san)) return san.includes('%') ? 'it has a zone, which a certificate cannot say' : undefined
  if (san.startsWith('*.') && !san.slice(2).includes('.'))
    return 'a wildcard needs two labels after the star, or no client takes it'
  const labels = san.replace(/^\*\./, '').split('.')
  const isName = san.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label))
  if (!isName || /^\d+$/.test(labels.at(-1)!))
    return 'it is no DNS name and no IP address (no port, no URL; an international name as xn--…)'
  return undefined
}

/** The one way to write an address: `::1` and `0:0:0:0:0:0:0:1` are the same. */
export const canonicalAddress = (ip: string) => (isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip)

/** Its 4 or 16 bytes. */
export function bytesOfAddress(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number))
  const [before = [], after = []] = canonicalAddress(ip)
    .split('::')
    .map((half) => half.split(':').filter(Boolean))
  const groups = [...before, ...Array(8 - before.length - after.length).fill('0'), ...after]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** The names of a certificate, from X509Certificate.subjectAltName. */
export function namesOf(subjectAltName = ''): Names {
  const names = subjectAltName.split(', ').map((entry) => entry.split(/:(.*)/s, 2) as [type: string, name: string])
  return {
    dns: names.filter(([type]) => type === 'DNS').map(([, name]) => name),
    ips: names.filter(([type]) => type === 'IP Address').map(([, ip]) => canonicalAddress(ip)),
  }
}

const sorted = ({ dns, ips }: Names) => [...dns.toSorted(), ...ips.toSorted()].join()

export const isSame = (one: Names, other: Names) => sorted(one) === sorted(other)

const withoutStar = (name: string) => name.replace(/^\*\./, '')
const isBelow = (name: string, domain: string) => name.endsWith(`.${domain}`)

/** The narrowest constraints that permit these names. */
export function constraintsFor({ dns, ips }: Names): Constraints {
  const names = [...new Set(dns.map(withoutStar))]
  const domains = names.filter((name) => !names.some((domain) => isBelow(name, domain)))
  // a service of a compose file may be called `dev` or `app`, and so are whole top-level domains
  const single = domains.filter((name) => !name.includes('.') && !DNS_NAMES.includes(name))
  const excluded = single.filter((name) => !dns.some((one) => isBelow(one, name))).map((name) => `.${name}`)
  return { dns: domains, ips, excluded }
}

/** The first of the names that a CA with these constraints may not certify; undefined where it may all. */
export function firstRefused({ dns, ips }: Names, constraints: Constraints): string | undefined {
  const isPermitted = (name: string) =>
    constraints.dns.some((domain) => name === domain || isBelow(name, domain)) &&
    !constraints.excluded.some((domain) => name.endsWith(domain))
  return dns.find((name) => !isPermitted(withoutStar(name))) ?? ips.find((ip) => !constraints.ips.includes(ip))
}
