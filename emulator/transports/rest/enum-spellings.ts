// Spellings of enum values that tutorials have and the API has not. They are refused as Google refuses them, with a hint; or, where
// takeSpellings has been called, taken for what they mean.
import type { DescEnum } from '@bufbuild/protobuf'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/service.ts'

interface Spelling {
  /** The value that it is taken for; where it fits in no value of this enum, it never is. */
  value?: string
  hint: string
}

const rightly = (value: string): Spelling => ({ value, hint: `the value is ${value}` })

const DRY_RUN = rightly('DRYRUN_AUDIT_LOG_ONLY')
const NO_EVALUATION_MODE: Spelling = { hint: 'a dry run is no evaluationMode but the enforcementMode DRYRUN_AUDIT_LOG_ONLY' }

/** Name of the enum, without package → spelling → what it means. */
const SPELLINGS: Record<string, Record<string, Spelling>> = {
  'AdmissionRule.EvaluationMode': {
    ALLOW_ALL: rightly('ALWAYS_ALLOW'),
    DENY_ALL: rightly('ALWAYS_DENY'),
    DRYRUN: NO_EVALUATION_MODE,
    DRY_RUN: NO_EVALUATION_MODE,
    DRYRUN_AUDIT_LOG_ONLY: NO_EVALUATION_MODE,
    POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_DRYRUN: NO_EVALUATION_MODE,
    PROJECT_SINGLETON_POLICY_DRYRUN: NO_EVALUATION_MODE,
  },
  'AdmissionRule.EnforcementMode': {
    DRYRUN: DRY_RUN,
    DRY_RUN,
    POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_DRYRUN: DRY_RUN,
    PROJECT_SINGLETON_POLICY_DRYRUN: DRY_RUN,
  },
}

function spellingOf({ typeName }: DescEnum, value: unknown): Spelling | undefined {
  const spellings = SPELLINGS[typeName.split('.').slice(-2).join('.')]
  return spellings && typeof value === 'string' && Object.hasOwn(spellings, value) ? spellings[value] : undefined
}

/** What to append to the refusal of a value; empty where nothing is known of it. */
export function spellingHint(type: DescEnum, value: unknown): string {
  const spelling = spellingOf(type, value)
  if (!spelling) return ''
  return ` (binauthz-emulator: ${spelling.hint}${spelling.value ? '; --lenient takes it for that' : ''})`
}

let log: Logger | undefined

/** From now on spellings are taken for what they mean, in this process. Each time is logged as a warning. */
export function takeSpellings(to: Logger) {
  log = to
}

/** Puts the right value in the place of a spelling, where spellings are taken. `path` names the field in the log. */
export function correctSpelling(json: JsonObject, key: string, type: DescEnum, path: string) {
  const spelling = log && spellingOf(type, json[key])
  if (!spelling?.value) return
  log!.warn({ field: path, value: json[key], takenFor: spelling.value }, 'a misspelt value was taken for another')
  json[key] = spelling.value
}
