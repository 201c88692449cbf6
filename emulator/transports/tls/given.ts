// A certificate of the user's own, in place of ours: --cert and --key.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { StartError } from '../../core/database.ts'

interface Given {
  /** The PEM blocks of the chain, the server's first. */
  chain: string[]
  keyPem: string
}

/** Reads them. Throws StartError, one sentence, for files that a TLS server cannot use. */
export function readGiven(cert: string, key: string): Given {
  const chain = read('--cert', cert).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
  const certificates = chain.map((pem) => parse(`--cert ${cert}`, 'certificate', () => new X509Certificate(pem)))
  if (certificates.length === 0)
    throw new StartError(`--cert ${cert} has no certificate: give a PEM file with the server's certificate, then its CAs.`)
  const keyPem = read('--key', key)
  if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(keyPem))
    throw new StartError(`--key ${key} is encrypted: give the private key without a passphrase.`)
  const privateKey = parse(`--key ${key}`, 'private key', () => createPrivateKey(keyPem))
  refuseForeignKey(certificates, privateKey, cert, key)
  return { chain: chain.map((pem) => `${pem.trimEnd()}\n`), keyPem }
}

function refuseForeignKey(certificates: X509Certificate[], privateKey: KeyObject, cert: string, key: string) {
  const owner = certificates.findIndex((certificate) => certificate.checkPrivateKey(privateKey))
  if (owner === -1)
    throw new StartError(`--key ${key} is not the key of the certificate in --cert ${cert}: give the two that match.`)
  if (owner > 0)
    throw new StartError(
      `--cert ${cert} begins with another certificate than that of --key ${key}: put the server's first, then its CAs.`,
    )
}

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new StartError(`${flag} cannot be read (${(error as Error).message}): give the path of a PEM file.`)
  }
}

function parse<T>(file: string, what: string, parsed: () => T): T {
  try {
    return parsed()
  } catch (error) {
    throw new StartError(`${file} has a ${what} that cannot be parsed (${(error as Error).message}): give a PEM file.`)
  }
}
