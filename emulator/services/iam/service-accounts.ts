// Service accounts (https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts). They are named by e-mail address or unique
// id, and by `-` for the project where that does not matter.
import { collection, page } from '../../core/collection.ts'
import { maskPaths } from '../../core/field-mask.ts'
import { projectId, projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { accountDomain, computeAccountNumber } from '../../core/service-accounts.ts'
import { failedPrecondition, invalidArgument, notFound, StatusError } from '../../core/status.ts'
import type { components } from '../../gen/iam.v1.ts'
import { deleteIamPolicy } from '../../mixins/iam-policy.ts'
import { uniqueId } from '../credentials/index.ts'
import { DISABLE_ACCOUNT_CREATION, isEnforced } from '../orgpolicy/index.ts'
import { PROJECT, SERVICE_ACCOUNT } from './names.ts'
import { emailOfUniqueId } from './store.ts'

type Schemas = components['schemas']
type ServiceAccount = Schemas['ServiceAccount']
/** As it is kept: a deleted one can be undeleted. */
type Stored = ServiceAccount & { deleted?: boolean }

const accounts = (ctx: Context) => collection<Stored>(ctx.db, 'iam_service_accounts')

/** The same for every account, as the API answers it: the field is deprecated. */
const ETAG = 'MDEwMjE5MjA='

function account(project: string, email: string, fields: Pick<ServiceAccount, 'displayName' | 'description'>): Stored {
  const name = SERVICE_ACCOUNT.format({ project, serviceAccount: email })
  const id = uniqueId(email)
  return { name, projectId: project, uniqueId: id, email, ...fields, etag: ETAG, oauth2ClientId: id }
}

/** The default accounts of Compute Engine and App Engine, which every project has without creating them. */
function defaultAccount(ctx: Context, email: string): Stored | undefined {
  const number = computeAccountNumber(email)
  if (number) {
    const project = projectId(ctx.db, number)
    return project === number ? undefined : account(project, email, { displayName: 'Compute Engine default service account' })
  }
  const [, project] = /^([a-z][a-z0-9-]{4,28}[a-z0-9])@appspot\.gserviceaccount\.com$/.exec(email) ?? []
  if (project && projectNumber(ctx.db, project))
    return account(project, email, { displayName: 'App Engine default service account' })
  return undefined
}

/** The account that a name means, deleted or not. */
function find(ctx: Context, name: string): Stored | undefined {
  const { project, serviceAccount } = SERVICE_ACCOUNT.match(name) ?? {}
  if (!project || !serviceAccount)
    throw invalidArgument(`Invalid service account name "${name}": it is not of the form ${SERVICE_ACCOUNT.pattern}.`)
  const email = /^\d+$/.test(serviceAccount) ? emailOfUniqueId(ctx, serviceAccount) : serviceAccount
  const found = email === undefined ? undefined : (accounts(ctx).get(email) ?? defaultAccount(ctx, email))
  return found && (project === '-' || found.projectId === project) ? found : undefined
}

/** The account, or IAM's NOT_FOUND. */
export function currentServiceAccount(ctx: Context, name = ''): Stored {
  const found = find(ctx, name)
  if (!found || found.deleted) throw notFound('Unknown service account')
  return found
}

/** The full name of the account that a name with `-` or a unique id means; the name itself where there is none. */
export const serviceAccountName = (ctx: Context, name: string): string =>
  (SERVICE_ACCOUNT.match(name) && find(ctx, name)?.name) || name

/** What the API shows. */
const view = ({ deleted: _, ...shown }: Stored): ServiceAccount => shown

function save(ctx: Context, stored: Stored) {
  const { email = '', projectId: project = '' } = stored
  if (!accounts(ctx).insert(email, PROJECT.format({ project }), stored)) accounts(ctx).update(email, stored)
}

const LIMITS = { displayName: 100, description: 256 } as const

function checkTexts(sent: ServiceAccount) {
  for (const [field, limit] of Object.entries(LIMITS))
    if (Buffer.byteLength(sent[field as keyof typeof LIMITS] ?? '') > limit)
      throw invalidArgument(`The ${field} of a service account has at most ${limit} bytes.`)
}

export function createServiceAccount(
  { name, accountId = '', serviceAccount = {} }: Schemas['CreateServiceAccountRequest'],
  ctx: Context,
): ServiceAccount {
  const { project } = PROJECT.parse(name)
  if (accountId.length < 6 || accountId.length > 30)
    throw invalidArgument(`The account ID "${accountId}" does not have a length between 6 and 30.`)
  if (!/^[a-z][a-z0-9-]*[a-z0-9]$/.test(accountId))
    throw invalidArgument(`The account ID "${accountId}" is not valid: it must match [a-z]([-a-z0-9]*[a-z0-9]).`)
  checkTexts(serviceAccount)
  if (isEnforced(ctx, project, DISABLE_ACCOUNT_CREATION)) {
    const subject = `projects/${project}?configvalue=${accountId}`
    throw failedPrecondition(
      'Service account creation is not allowed on this project.',
      `constraints/${DISABLE_ACCOUNT_CREATION}`,
      subject,
    )
  }
  const { displayName, description } = serviceAccount
  const created = account(project, `${accountId}@${accountDomain(project)}`, { displayName, description })
  const there = accounts(ctx).get(created.email!)
  if (there && !there.deleted)
    throw new StatusError('ALREADY_EXISTS', `Service account ${accountId} already exists within project projects/${project}.`, [
      { '@type': 'type.googleapis.com/google.rpc.ResourceInfo', resourceName: created.name },
    ])
  save(ctx, created)
  return created
}

export const getServiceAccount = ({ name }: Schemas['GetServiceAccountRequest'], ctx: Context): ServiceAccount =>
  view(currentServiceAccount(ctx, name))

export function listServiceAccounts(
  request: Schemas['ListServiceAccountsRequest'],
  ctx: Context,
): Schemas['ListServiceAccountsResponse'] {
  const { name = '' } = request
  PROJECT.parse(name)
  function* existing(after: string) {
    for (const row of accounts(ctx).iterate(name, after)) if (!row.document.deleted) yield row
  }
  const { items, nextPageToken } = page(existing, request, { default: 20, max: 100 }, { parent: name, view })
  return { accounts: items, nextPageToken }
}

const CHANGEABLE = ['displayName', 'description'] as const

/** Answers with the name and what was changed. The etag is not looked at: it is the same for all. */
export function patchServiceAccount(
  { serviceAccount: sent = {}, updateMask }: Schemas['PatchServiceAccountRequest'],
  ctx: Context,
): ServiceAccount {
  const current = currentServiceAccount(ctx, sent.name)
  checkTexts(sent)
  const mask = maskPaths(updateMask)
  const wrong = mask.find((path) => !CHANGEABLE.some((field) => field === path))
  if (wrong) throw invalidArgument(`Field "${wrong}" of a service account cannot be updated.`)
  if (mask.length === 0) throw invalidArgument('update_mask must name display_name or description.')
  const changes = Object.fromEntries(CHANGEABLE.filter((field) => mask.includes(field)).map((field) => [field, sent[field]]))
  save(ctx, { ...current, ...changes })
  return { name: current.name, ...changes }
}

/** The older form of the same: the display name is overwritten. */
export function updateServiceAccount(sent: ServiceAccount, ctx: Context): ServiceAccount {
  const current = currentServiceAccount(ctx, sent.name)
  checkTexts(sent)
  const updated = { ...current, displayName: sent.displayName }
  save(ctx, updated)
  return view(updated)
}

/** Its policy goes with it; its keys are of no use without it. */
export function deleteServiceAccount({ name }: Schemas['DeleteServiceAccountRequest'], ctx: Context): Record<string, never> {
  const current = currentServiceAccount(ctx, name)
  save(ctx, { ...current, deleted: true })
  deleteIamPolicy(ctx, current.name!)
  return {}
}

export function undeleteServiceAccount(
  { name = '' }: Schemas['UndeleteServiceAccountRequest'],
  ctx: Context,
): Schemas['UndeleteServiceAccountResponse'] {
  const found = find(ctx, name)
  if (!found) throw notFound('Unknown service account')
  if (!found.deleted) throw failedPrecondition('Precondition check failed.')
  const restored = view(found)
  save(ctx, restored)
  return { restoredAccount: restored }
}

const setDisabled =
  (disabled: boolean) =>
  ({ name }: { name?: string }, ctx: Context): Record<string, never> => {
    const { disabled: _, ...current } = currentServiceAccount(ctx, name)
    save(ctx, { ...current, ...(disabled && { disabled }) })
    return {}
  }

export const enableServiceAccount = setDisabled(false)
export const disableServiceAccount = setDisabled(true)
