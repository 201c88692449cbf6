// The identity that a data folder keeps. Its CA lasts, since clients trust it; the server certificate is issued anew as needed.
import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from '../../core/service.ts'
import { constraintsOf, newAuthority, newIdentity, type Pair } from './certificates.ts'
import { openFolder, readPair, replaceFiles, type SavedPair } from './folder.ts'
import type { Identity } from './identity.ts'
import { firstRefused, isSame, type Names, namesOf } from './names.ts'

const CA = 'ca.pem'
const CA_KEY = 'ca-key.pem'
const SERVER = 'server.pem'
const SERVER_BY_NAME = 'server-by-name.pem'
const SERVER_KEY = 'server-key.pem'

const RENEW_BEFORE = 30 * 86_400_000

/** The identity in the folder, for these names. What is missing is made, what cannot be used is made again and logged; the CA only where
 * it is unusable, has expired or may not certify a name. */
export async function savedIdentity(folder: string, names: Names, now: Date, log: Logger): Promise<Identity> {
  openFolder(folder)
  const authority = readAuthority(folder, now)
  if (typeof authority !== 'object') return withNewAuthority(folder, names, now, log, authority)
  const server = readServer(folder, authority.certificate, names, now)
  if (server && 'identity' in server) return { caPem: authority.certPem, ...server.identity }
  const refused = await refusedBy(authority.certificate, names)
  if (refused) return withNewAuthority(folder, names, now, log, refused)
  if (server?.damage) log.warn({ folder }, `The server certificate is made again: ${server.damage}.`)
  else if (server) log.info({ folder }, `The server certificate is issued anew: ${server.reason}.`)
  return saveServer(folder, await newIdentity(authority, names, now))
}

/** A sentence where it cannot be used any more; undefined where there is none. */
function readAuthority(folder: string, now: Date): SavedPair | string | undefined {
  const pair = readPair(folder, CA, CA_KEY)
  // a server certificate alone: there was a CA, and clients may trust it
  if (pair === undefined) return readPair(folder, SERVER, SERVER_KEY) && `${CA} is missing`
  if (typeof pair === 'string') return pair
  const { certificate } = pair
  if (!certificate.ca || certificate.publicKey.asymmetricKeyType !== 'rsa') return `${CA} is no CA with an RSA key`
  if (!certificate.verify(certificate.publicKey)) return `${CA} is not signed with its own key`
  if (new Date(certificate.validTo) <= now) return `${CA} has expired (${certificate.validTo})`
  return pair
}

async function refusedBy(authority: X509Certificate, names: Names): Promise<string | undefined> {
  try {
    const constraints = await constraintsOf(authority)
    const name = constraints && firstRefused(names, constraints)
    return name && `${CA} may not certify ${name}`
  } catch (error) {
    return `${CA} has name constraints that cannot be read (${(error as Error).message})`
  }
}

async function withNewAuthority(folder: string, names: Names, now: Date, log: Logger, why?: string): Promise<Identity> {
  if (why) log.warn({ folder }, `The CA is made again, and clients must trust the new one, ${join(folder, CA)}: ${why}.`)
  const authority = await newAuthority(names, now)
  saveAuthority(folder, authority)
  return saveServer(folder, await newIdentity(authority, names, now))
}

function saveAuthority(folder: string, { certPem, keyPem }: Pair) {
  const files: [string, string][] = [
    [CA_KEY, keyPem],
    [CA, certPem],
  ]
  replaceFiles(folder, [SERVER, SERVER_BY_NAME, CA], files)
}

function saveServer(folder: string, identity: Identity): Identity {
  const files: [string, string][] = [
    [SERVER_KEY, identity.keyPem],
    [SERVER_BY_NAME, identity.certPemWithoutAddresses],
    [SERVER, identity.certPem],
  ]
  replaceFiles(folder, [SERVER, SERVER_BY_NAME], files)
  return identity
}

type SavedServer = { identity: Omit<Identity, 'caPem'> } | { damage?: string; reason?: string }

/** Why it cannot be served: damage, or a reason for a new one that everybody expects; undefined where there is none. */
function readServer(folder: string, authority: X509Certificate, names: Names, now: Date): SavedServer | undefined {
  const all = readPair(folder, SERVER, SERVER_KEY)
  if (all === undefined) return undefined
  const byName = readPair(folder, SERVER_BY_NAME, SERVER_KEY)
  if (typeof all === 'string') return { damage: all }
  if (typeof byName !== 'object') return { damage: byName ?? `${SERVER_BY_NAME} is missing` }
  for (const { certificate } of [all, byName]) {
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
      return { damage: `${CA} did not sign it` }
    if (new Date(certificate.validFrom) > now) return { reason: 'it is not valid yet' }
    if (Date.parse(certificate.validTo) - now.getTime() < RENEW_BEFORE) return { reason: `it ends on ${certificate.validTo}` }
  }
  const isFor = ({ certificate }: SavedPair, wanted: Names) => isSame(namesOf(certificate.subjectAltName), wanted)
  if (!isFor(all, names) || !isFor(byName, { ...names, ips: [] })) return { reason: 'other names are asked for' }
  return { identity: { certPem: all.certPem, certPemWithoutAddresses: byName.certPem, keyPem: all.keyPem } }
}
