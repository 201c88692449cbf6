// Who the emulator is over TLS: its own CA and server certificate, made when the first client needs them and kept with the data, or the
// certificate that the user gives.
import { join } from 'node:path'
import { StartError } from '../../core/database.ts'
import type { Logger } from '../../core/service.ts'
import { newAuthority, newIdentity } from './certificates.ts'
import { readGiven } from './given.ts'
import { namesWith, problemOfName } from './names.ts'
import { savedIdentity } from './saved.ts'

export interface TlsOptions {
  /** Folder of the data; in memory without it. */
  data?: string
  /** Paths of PEM files of the user's: a certificate (then its CAs) and its private key. Both or neither. */
  cert?: string
  key?: string
  /** More DNS names and IP addresses for our certificate. */
  sans?: readonly string[]
}

/** All PEM. */
export interface Identity {
  /** What clients trust. */
  caPem: string
  /** The server's certificate with all names and addresses, then the CA. */
  certPem: string
  /** The same without addresses, for clients that say the name they want (SNI). BoringSSL, so gRPC for Python, C++, Ruby and PHP, does not
   * know name constraints for addresses, and refuses every certificate with an address from a CA that has them. */
  certPemWithoutAddresses: string
  keyPem: string
}

/** Checks what is given at start, and makes nothing. Throws StartError with a sentence that says what to do. */
export function checkTlsOptions({ cert, key, sans = [] }: TlsOptions): void {
  if ((cert === undefined) !== (key === undefined))
    throw new StartError(`${cert ? '--cert' : '--key'} is given alone: give --cert and --key, or neither.`)
  for (const san of sans) {
    const problem = problemOfName(san)
    if (problem) throw new StartError(`--san ${san} cannot stand in a certificate, ${problem}: give a DNS name or an IP address.`)
  }
  if (cert !== undefined && sans.length > 0)
    throw new StartError('--san is about the certificate that the emulator makes: leave it out, or --cert and --key.')
  if (cert !== undefined && key !== undefined) readGiven(cert, key)
}

/** The identity: made at the first call, once for all callers; after a failure the next call tries again. `now` is the time that clients
 * have, not one that a test has turned. Rejects with StartError for given files that are no longer usable, else with the error of the file
 * system. */
export function tlsIdentity(options: TlsOptions, now: () => Date, log: Logger): () => Promise<Identity> {
  let made: Promise<Identity> | undefined
  async function make(): Promise<Identity> {
    const { cert, key, data } = options
    if (cert !== undefined && key !== undefined) return givenIdentity(cert, key)
    const names = namesWith(options.sans)
    if (data !== undefined) return savedIdentity(join(data, 'tls'), names, now(), log)
    return newIdentity(await newAuthority(names, now()), names, now())
  }
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}

function givenIdentity(cert: string, key: string): Identity {
  const { chain, keyPem } = readGiven(cert, key)
  const certPem = chain.join('')
  return { caPem: chain.at(-1)!, certPem, certPemWithoutAddresses: certPem, keyPem }
}
