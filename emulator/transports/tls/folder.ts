// Where a CA and a server certificate outlive the process: `<data>/tls/`, for the owner alone. The only place that has private keys.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SavedPair {
  certificate: X509Certificate
  certPem: string
  keyPem: string
}

/** Makes the folder where it is missing, and closes one that others can look into. */
export function openFolder(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (statSync(folder).mode & 0o077) chmodSync(folder, 0o700)
}

/** A certificate file (the first of a chain counts) with its key; a sentence where they cannot be used; undefined without the certificate. */
export function readPair(folder: string, certFile: string, keyFile: string): SavedPair | string | undefined {
  if (!existsSync(join(folder, certFile))) return undefined
  try {
    const certPem = readFileSync(join(folder, certFile), 'utf8')
    const keyPem = readFileSync(join(folder, keyFile), 'utf8')
    const certificate = new X509Certificate(certPem)
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return `${keyFile} is not the key of ${certFile}`
    return { certificate, certPem, keyPem }
  } catch (error) {
    return `${certFile} or ${keyFile} cannot be read (${(error as Error).message})`
  }
}

/** Replaces files so that a process killed at any moment leaves none or a matching set: first the old certificates go, then the new files
 * come in the order given, the key before what needs it. */
export function replaceFiles(folder: string, stale: string[], files: [name: string, text: string][]) {
  for (const name of stale) rmSync(join(folder, name), { force: true })
  for (const [name, text] of files) {
    const temporary = join(folder, `${name}.new`)
    rmSync(temporary, { force: true }) // of a process that was killed
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    renameSync(temporary, join(folder, name))
  }
}
