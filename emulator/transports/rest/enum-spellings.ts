// Spellings of enum values that tutorials have and the API has not. They are refused as Google refuses them, with a hint; or, by a
// lenient emulator, taken for what they mean.
import type { DescEnum, DescMessage } from '@bufbuild/protobuf'
import { isObject } from '../../core/json.ts'
import type { Logger } from '../../core/service.ts'
import { fieldOf } from '../descriptors.ts'

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

/** Puts the right values in the place of spellings, in a request as it came, and logs each. `at` is the path so far, in proto names. */
export function correctSpellings(message: DescMessage, json: unknown, log: Logger, at = '') {
  if (!isObject(json)) return
  for (const [key, value] of Object.entries(json)) {
    const field = fieldOf(message, key)
    if (!field) continue
    const path = at ? `${at}.${field.name}` : field.name
    const taken = field.fieldKind === 'enum' ? spellingOf(field.enum, value)?.value : undefined
    if (taken) {
      log.warn({ field: path, value, takenFor: taken }, 'a misspelt value was taken for another')
      json[key] = taken
    }
    if (!field.message) continue
    const isMap = field.fieldKind === 'map'
    const children = Array.isArray(value) ? value : isMap && isObject(value) ? Object.values(value) : undefined
    if (!children) correctSpellings(field.message, value, log, path)
    for (const [index, child] of children?.entries() ?? [])
      correctSpellings(field.message, child, log, `${path}[${index}]${isMap ? '.value' : ''}`)
  }
}
