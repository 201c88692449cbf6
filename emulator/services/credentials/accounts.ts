// Who tokens stand for: e-mail addresses, IAM members (https://cloud.google.com/iam/docs/principal-identifiers) and the default account.
import { createHash } from 'node:crypto'
import type { Context } from '../../core/service.ts'
import { emulatorAccount } from '../../core/service-accounts.ts'
import { firstProject } from './store.ts'

const EMAIL = /^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,190}$/

export const isEmail = (value: unknown): value is string => typeof value === 'string' && EMAIL.test(value)

export const isServiceAccount = (email: string) => email.endsWith('.gserviceaccount.com')

/** `user:alice@example.com`, or `serviceAccount:…` where the address is one of a service account. */
export const memberOf = (email: string) => `${isServiceAccount(email) ? 'serviceAccount' : 'user'}:${email}`

/** The address of a member that has one; a federated `principal://…` has none. */
export const emailOf = (member: string) => /^(?:user|serviceAccount):(.+)$/.exec(member)?.[1]

/** Is it a member for whom a token can be: an account, or a federated identity? */
export const isMember = (value: unknown): value is string =>
  typeof value === 'string' && (isEmail(emailOf(value)) || value.startsWith('principal://iam.googleapis.com/'))

/** The 21 digits by which Google knows an account; the same for the same address. */
export function uniqueId(email: string): string {
  const hash = BigInt(`0x${createHash('sha256').update(email).digest('hex')}`)
  return `1${String(hash % 10n ** 20n).padStart(20, '0')}`
}

export interface Account {
  /** Project id. */
  project: string
  email: string
}

/** Who is meant where nothing says who: `emulator@PROJECT.iam.gserviceaccount.com` in the first project of the seed. */
export function defaultAccount(ctx: Context): Account {
  const project = firstProject(ctx.db) ?? 'my-app-prod'
  return { project, email: emulatorAccount(project) }
}
