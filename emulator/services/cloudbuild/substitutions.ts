// Substitutions (https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values): `$NAME` and `${NAME}`, and `$$` for a `$`.
import { invalidArgument, unimplemented } from '../../core/status.ts'
import type { Build, Schemas } from './build-fields.ts'

const USER_KEY = /^_[A-Z0-9_]+$/

/** Built-in keys that a request may set itself, as a trigger does. */
const OVERRIDABLE = [
  ...['BRANCH_NAME', 'COMMIT_SHA', 'REF_NAME', 'REPO_FULL_NAME', 'REPO_NAME', 'REVISION_ID', 'SHORT_SHA', 'TAG_NAME'],
  ...['TRIGGER_BUILD_CONFIG_PATH', 'TRIGGER_NAME'],
]
const MAX_SUBSTITUTIONS = 200
const MAX_KEY = 100
const MAX_VALUE = 4000

/** What the service itself knows of a build. */
export type BuiltIns = Record<
  'PROJECT_ID' | 'PROJECT_NUMBER' | 'LOCATION' | 'BUILD_ID' | 'SERVICE_ACCOUNT' | 'SERVICE_ACCOUNT_EMAIL',
  string
>

const invalidSubstitutions = (why: string) => invalidArgument(`invalid value for 'build.substitutions': ${why}`)

export function checkSubstitutions(substitutions: Record<string, string> = {}) {
  const entries = Object.entries(substitutions)
  if (entries.length > MAX_SUBSTITUTIONS)
    throw invalidSubstitutions(`number of substitutions ${entries.length} exceeded (max: ${MAX_SUBSTITUTIONS})`)
  for (const [key, value] of entries) {
    if (key.length > MAX_KEY) throw invalidSubstitutions(`substitution key "${key}" too long (max: ${MAX_KEY})`)
    if (value.length > MAX_VALUE) throw invalidSubstitutions(`substitution value "${value}" too long (max: ${MAX_VALUE})`)
    if (!USER_KEY.test(key) && !OVERRIDABLE.includes(key))
      throw invalidSubstitutions(
        `substitution key "${key}" does not respect format "${USER_KEY.source}" and is not an overridable built-in substitutions`,
      )
  }
}

/** Parts of a step that are no template. */
const VERBATIM = new Set(['script', 'id', 'waitFor', 'secretEnv'])

/** The build with all values in their places. The values are those of the request, of its repository source, and `builtIns`; a built-in key
 * without a value leaves nothing. INVALID_ARGUMENT for a key that there is not, and unless `ALLOW_LOOSE` for one of the request that
 * nothing uses. */
export function substituted(build: Build, builtIns: BuiltIns): Build {
  const { substitutions = {}, options = {} } = build
  const values: Record<string, string> = { ...builtIns, ...ofRepository(build.source?.repoSource), ...substitutions }
  const isLoose = options.substitutionOption === 'ALLOW_LOOSE'
  const used = new Set<string>()
  const replacement = (key: string): string => {
    used.add(key)
    const value = Object.hasOwn(values, key) ? values[key]! : undefined
    if (value !== undefined) return checkedValue(value, key, options)
    if (OVERRIDABLE.includes(key)) return ''
    if (!USER_KEY.test(key)) throw invalidSubstitutions(`key in the template "${key}" is not a valid built-in substitution`)
    if (!isLoose) throw invalidSubstitutions(`key in the template "${key}" is not matched in the substitution data`)
    return ''
  }
  const replaced = (text: string) => {
    if (options.dynamicSubstitutions) refuseExpansions(text)
    return text.replace(/\$\$|\$\{([A-Z_][A-Z0-9_]*)\}|\$([A-Z_][A-Z0-9_]*)/g, (found, braced, bare) =>
      found === '$$' ? '$' : replacement(braced ?? bare),
    )
  }
  const walked = (value: unknown): any => {
    if (typeof value === 'string') return replaced(value)
    if (Array.isArray(value)) return value.map(walked)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, VERBATIM.has(key) ? child : walked(child)]))
  }
  const { steps, images, tags, logsBucket, serviceAccount, availableSecrets } = build
  const result = {
    ...build,
    ...walked({ steps, images, tags, options: build.options, logsBucket, serviceAccount, availableSecrets }),
  }
  const maps = options.automapSubstitutions || steps?.some(({ automapSubstitutions }) => automapSubstitutions)
  const unused = Object.keys(substitutions).find((key) => !used.has(key))
  if (unused && !isLoose && !maps)
    throw invalidSubstitutions(`key "${unused}" in the substitution data is not matched in the template`)
  return result
}

function ofRepository(source: Schemas['RepoSource'] = {}): Record<string, string> {
  const { repoName, branchName, tagName, commitSha } = source
  return {
    ...(repoName && { REPO_NAME: repoName }),
    ...(branchName && { BRANCH_NAME: branchName }),
    ...(tagName && { TAG_NAME: tagName }),
    ...(commitSha && { COMMIT_SHA: commitSha, REVISION_ID: commitSha, SHORT_SHA: commitSha.slice(0, 7) }),
  }
}

/** Values with substitutions of their own are for triggers, and for builds that ask for it. */
function checkedValue(value: string, key: string, { dynamicSubstitutions }: Schemas['BuildOptions']): string {
  if (dynamicSubstitutions && value.includes('$')) throw unimplemented(`A substitution in the value of ${key}`)
  return value
}

function refuseExpansions(text: string) {
  const [expansion] = /(?<!\$)\$\{[A-Z_][A-Z0-9_]*[^A-Z0-9_}][^}]*\}/.exec(text) ?? []
  if (expansion) throw unimplemented(`The bash expansion ${expansion} in a substitution`)
}
