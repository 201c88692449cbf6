// Addresses of service accounts that follow from their project (https://cloud.google.com/iam/docs/service-account-types).
import type { Database } from 'better-sqlite3'
import { projectNumber } from './projects.ts'

/** `example.com:app` has app.example.com in its addresses. */
export function accountDomain(project: string): string {
  const [id, domain] = project.split(':').reverse()
  return `${domain ? `${id}.${domain}` : id}.iam.gserviceaccount.com`
}

/** The account by which programs sign in to the emulator, where nothing says another. */
export const emulatorAccount = (project: string) => `emulator@${accountDomain(project)}`

/** Compute Engine's account of a project, as which it runs what names no other. */
export const computeAccount = (db: Database, project: string) =>
  `${projectNumber(db, project)}-compute@developer.gserviceaccount.com`

/** The number of the project whose Compute Engine account this is. */
export const computeAccountNumber = (email: string): string | undefined =>
  /^(\d+)-compute@developer\.gserviceaccount\.com$/.exec(email)?.[1]

/** The project that an address names, by id or number; undefined where it names none. */
export function projectOfAccount(email: string): string | undefined {
  const [, id, domain] = /@([a-z0-9-]+)(?:\.([\w.-]+))?\.iam\.gserviceaccount\.com$/.exec(email) ?? []
  return computeAccountNumber(email) ?? (id && (domain ? `${domain}:${id}` : id))
}
