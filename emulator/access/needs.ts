// What a call needs: the permission of its method on the resource that it names, and what some calls need beside it.
import { collection } from '../core/collection.ts'
import { maskPaths } from '../core/field-mask.ts'
import { isResourceName, locatedName, resourceNamed } from '../core/names.ts'
import type { Context } from '../core/service.ts'
import { computeAccount, projectOfAccount } from '../core/service-accounts.ts'
import { type Needed, permissionOf } from './permissions.ts'

type Json = Record<string, any>

const projectOf = (name: string) => name.split('/').slice(0, 2).join('/')

/** The resources that a request names, one but for lists of projects. */
function named(request: Json): string[] {
  const { projectId, zone, clusterId, resourceNames, entries } = request
  if (Array.isArray(resourceNames) && resourceNames.length > 0) return resourceNames.map(String)
  const found = resourceNamed(request)
  if (found) return [found]
  if (Array.isArray(entries)) return [...new Set(entries.map(({ logName }) => projectOf(String(logName))))]
  const parts = [projectId && `projects/${projectId}`, zone && `locations/${zone}`, clusterId && `clusters/${clusterId}`]
  return projectId ? [parts.filter(Boolean).join('/')] : []
}

/** Where a service account is by its address: another project's is not that of the caller's roles here. */
function accountName(account: string, project: string): string {
  const email = account.split('/').at(-1)!
  const home = projectOfAccount(email)
  return `${home ? `projects/${home}` : project}/serviceAccounts/${email}`
}

const actAs = (account: unknown, project: string): Needed[] =>
  typeof account === 'string' && account
    ? [{ permission: 'iam.serviceAccounts.actAs', resource: accountName(account, project) }]
    : []

/** Who runs what is deployed: without a choice Compute Engine's account of the project. */
const runAs = (account: unknown, project: string, ctx: Context): Needed[] =>
  actAs(account || computeAccount(ctx.db, project.slice('projects/'.length)), project)

/** An update with a mask leaves the account as it is unless the mask has it; without one it replaces all. */
function updateAs({ service = {}, updateMask }: Json, project: string, ctx: Context): Needed[] {
  const paths = maskPaths(updateMask)
  const stored = collection<Json>(ctx.db, 'run_services').get(service.name ?? '')
  const isSet = (paths: string[]) => ['*', 'template', 'template.serviceAccount'].some((path) => paths.includes(path))
  if (!stored || paths.length === 0 || isSet(paths)) return runAs(service.template?.serviceAccount, project, ctx)
  return paths.some((path) => path.startsWith('template.')) ? runAs(stored.template?.serviceAccount, project, ctx) : []
}

const attach = ({ noteName }: Json): Needed => ({ permission: 'containeranalysis.notes.attachOccurrence', resource: noteName })

/** Method → what it needs beside its own permission. */
const BESIDE: [method: RegExp, needs: (request: Json, project: string, ctx: Context) => Needed[]][] = [
  [/^grafeas\..*\/CreateOccurrence$/, ({ occurrence = {} }) => [attach(occurrence)]],
  [/^grafeas\..*\/BatchCreateOccurrences$/, ({ occurrences = [] }) => occurrences.map(attach)],
  [
    // in v1 alone (https://cloud.google.com/binary-authorization/docs/audit-logging)
    /binaryauthorization\.v1\..*\/UpdatePolicy$/,
    ({ policy = {} }) =>
      attestorsOf(policy).flatMap((resource) => [{ permission: 'binaryauthorization.attestors.get', resource }]),
  ],
  [
    /binaryauthorization\..*\/CreateAttestor$/,
    ({ attestor = {} }) => {
      const { noteReference } = attestor.userOwnedGrafeasNote ?? attestor.userOwnedDrydockNote ?? {}
      return isResourceName(noteReference)
        ? [{ permission: 'containeranalysis.notes.list', resource: projectOf(noteReference) }]
        : []
    },
  ],
  [/run\.v2\..*\/CreateService$/, ({ service }, project, ctx) => runAs(service?.template?.serviceAccount, project, ctx)],
  [/run\.v2\..*\/UpdateService$/, updateAs],
  [/run\.v2\..*\/(Create|Update)Job$/, ({ job }, project, ctx) => runAs(job?.template?.template?.serviceAccount, project, ctx)],
  [
    /run\.v1\..*\/(Create|Replace)(Service|Job)$/,
    ({ service, job }, project, ctx) =>
      runAs((service?.spec?.template ?? job?.spec?.template?.spec?.template)?.spec?.serviceAccountName, project, ctx),
  ],
  [
    /run\.v\d\..*\/RunJob$/,
    ({ name, overrides }) => (overrides ? [{ permission: 'run.jobs.runWithOverrides', resource: name }] : []),
  ],
  [/cloudbuild\..*\/CreateBuild$/, ({ build = {} }, project) => actAs(build.serviceAccount, project)],
]

function attestorsOf(policy: Json): string[] {
  const maps = Object.entries(policy).filter(([key]) => key.endsWith('AdmissionRules'))
  const rules = [policy.defaultAdmissionRule, ...maps.flatMap(([, map]) => Object.values(map as Json))]
  return [...new Set(rules.flatMap((rule) => (rule?.requireAttestationsBy ?? []) as string[]))].filter(isResourceName)
}

/** Everything that a call of `package.Service/Method` needs; empty where everybody may make it. */
export function needsOf(
  method: string,
  request: Json,
  iamPrefixOf: (name: string) => string | undefined,
  ctx: Context,
): Needed[] {
  const located = (name: string) => ctx.canonicalName(locatedName(name, ctx.caller.region))
  const resources = named(request).map(located)
  const permission = permissionOf(method, iamPrefixOf(resources[0] ?? ''))
  const needed = permission ? resources.map((resource) => ({ permission, resource })) : []
  const project = projectOf(resources[0] ?? '')
  for (const [pattern, beside] of BESIDE) if (pattern.test(method)) needed.push(...beside(request, project, ctx))
  return needed.map(({ permission, resource }) => ({ permission, resource: located(resource) }))
}
