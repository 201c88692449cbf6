// What a repository may be made of, for CreateRepository and UpdateRepository alike
// (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories#Repository).
import { canonicalProject } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { canonicalName } from './names.ts'

type Schemas = components['schemas']
export type Repository = Schemas['Repository']

/** What UpdateRepository can change. */
export const MUTABLE_FIELDS = [
  'description',
  'labels',
  'dockerConfig',
  'virtualRepositoryConfig',
  'remoteRepositoryConfig',
  'cleanupPolicies',
  'cleanupPolicyDryRun',
  'vulnerabilityScanningConfig',
] as const
/** What CreateRepository honours beside them. */
export const CREATE_FIELDS = ['format', 'mode', 'mavenConfig', 'disallowUnspecifiedMode'] as const
/** What clients send back and the API ignores. */
export const OUTPUT_ONLY_FIELDS = ['name', 'createTime', 'updateTime', 'sizeBytes', 'satisfiesPzs', 'satisfiesPzi', 'registryUri']

const FORMATS = ['DOCKER', 'MAVEN', 'NPM', 'APT', 'YUM', 'PYTHON', 'KFP', 'GO', 'GENERIC', 'RUBY']
const MODES = ['STANDARD_REPOSITORY', 'VIRTUAL_REPOSITORY', 'REMOTE_REPOSITORY']

/** Configurations that belong to one format or mode. */
const CONFIGS = [
  { config: 'dockerConfig', field: 'format', of: 'DOCKER' },
  { config: 'mavenConfig', field: 'format', of: 'MAVEN' },
  { config: 'virtualRepositoryConfig', field: 'mode', of: 'VIRTUAL_REPOSITORY' },
  { config: 'remoteRepositoryConfig', field: 'mode', of: 'REMOTE_REPOSITORY' },
] as const

/** The repository with its defaults and without what is output only. Throws INVALID_ARGUMENT for what the documentation excludes. */
export function checkedRepository(repository: Repository): Repository {
  const { format, mode = defaultMode(repository), vulnerabilityScanningConfig: scanning } = repository
  if (!FORMATS.includes(format!)) throw invalidArgument(`repository.format must be one of ${FORMATS.join(', ')}.`)
  if (!MODES.includes(mode)) throw invalidArgument(`repository.mode must be one of ${MODES.join(', ')}.`)
  const checked: Repository = { ...repository, mode }
  for (const { config, field, of } of CONFIGS)
    if (checked[config] && checked[field] !== of)
      throw invalidArgument(`repository.${config} is for repositories of the ${field} ${of}, not ${checked[field]}.`)
  if (mode === 'REMOTE_REPOSITORY' && !checked.remoteRepositoryConfig)
    throw invalidArgument('repository.remoteRepositoryConfig is required for a REMOTE_REPOSITORY.')
  checkLabels(repository.labels ?? {})
  checkCleanupPolicies(repository.cleanupPolicies ?? {})
  const { enablementConfig } = scanning ?? {}
  checked.vulnerabilityScanningConfig = enablementConfig && { enablementConfig }
  return checked
}

function defaultMode({ disallowUnspecifiedMode }: Repository): 'STANDARD_REPOSITORY' {
  if (disallowUnspecifiedMode) throw invalidArgument('repository.mode is required where disallowUnspecifiedMode is set.')
  return 'STANDARD_REPOSITORY'
}

/** INVALID_ARGUMENT unless every upstream of a virtual repository exists and has its format. */
export function checkUpstreams({ format, virtualRepositoryConfig }: Repository, ctx: Context, find: Find) {
  for (const { id = '', repository = '' } of virtualRepositoryConfig?.upstreamPolicies ?? []) {
    const upstream = find(canonicalProject(ctx.db, canonicalName(repository), false))
    if (!upstream) throw invalidArgument(`The repository "${repository}" of upstream policy "${id}" does not exist.`)
    if (upstream.format !== format)
      throw invalidArgument(`The repository "${repository}" of upstream policy "${id}" has the format ${upstream.format}.`)
  }
}

type Find = (name: string) => Repository | undefined

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u

function checkLabels(labels: Record<string, string>) {
  const entries = Object.entries(labels)
  if (entries.length > 64) throw invalidArgument(`repository.labels has ${entries.length} labels, of 64 at most.`)
  for (const [key, value] of entries)
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalidArgument(
        `Invalid label "${key}": "${value}": keys begin with a lowercase letter; keys and values have at most 63 lowercase letters, digits, "_" and "-".`,
      )
}

function checkCleanupPolicies(policies: Record<string, Schemas['CleanupPolicy']>) {
  for (const [key, { id = key, action, mostRecentVersions }] of Object.entries(policies)) {
    if (id !== key) throw invalidArgument(`The cleanup policy "${id}" stands under another key, "${key}".`)
    if (key.length >= 128) throw invalidArgument(`The id of the cleanup policy "${key}" is longer than 127 characters.`)
    if (mostRecentVersions && action !== 'KEEP')
      throw invalidArgument(`The cleanup policy "${key}" has mostRecentVersions, which needs the action KEEP.`)
  }
}
