// What is stored is v1; a version of the API is a shape of it, read and written by pure functions.

import { applyMask, checkMask, maskPaths } from '../../core/field-mask.ts'
import { isObject } from '../../core/json.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/containeranalysis.v1.ts'
import { KIND_FIELDS } from './kinds.ts'

type Schemas = components['schemas']

/** What was written through v1beta1 and v1 cannot express: v1 never shows it. */
export interface BetaOnly {
  /** The type or details as given, where converting them to v1 and back would not give the same. */
  details?: object
  /** `resource.name` and `resource.contentHash` of an occurrence. */
  resource?: object
}

export type StoredNote = Schemas['Note'] & { v1beta1?: BetaOnly }
export type StoredOccurrence = Schemas['Occurrence'] & { v1beta1?: BetaOnly }

/** Fields of one version, as a mask may name them. */
interface MaskRules {
  mutable: readonly string[]
  immutable: readonly string[]
  /** Other names of fields. */
  maskAliases?: ReadonlyMap<string, string>
}

/** One version of notes or occurrences. */
export interface Shape<Stored, Shown> extends MaskRules {
  read(stored: Stored): Shown
  /** `previous` is what `shown` was read from, where it is an update: what this version cannot express survives in it. */
  write(shown: Shown, previous?: Stored): Stored
}

export const NOTE_FIELDS = ['shortDescription', 'longDescription', 'relatedUrl', 'expirationTime', 'relatedNoteNames']
const OUTPUT_ONLY = ['name', 'kind', 'createTime', 'updateTime']

const canonical = (value: unknown) =>
  JSON.stringify(value, (_, child) => (isObject(child) ? Object.fromEntries(Object.entries(child).sort()) : child))

/** Do two ProtoJSON values say the same, in whatever order of their fields? */
export const same = (left: unknown, right: unknown) => canonical(left) === canonical(right)

function v1Shape<V1 extends object>(rules: MaskRules): Shape<V1 & { v1beta1?: BetaOnly }, V1> {
  return {
    ...rules,
    read({ v1beta1, ...shown }) {
      return shown as unknown as V1
    },
    write(shown, previous) {
      if (!previous?.v1beta1) return shown
      const { resource, details } = previous.v1beta1
      const unchanged = KIND_FIELDS.every((field) => same(shown[field as keyof V1], previous[field as keyof V1]))
      return { ...shown, v1beta1: { resource, ...(unchanged && { details }) } }
    },
  }
}

/** Terraform's mask calls `attestation` by its name of v1beta1. */
export const V1_NOTE = v1Shape<Schemas['Note']>({
  mutable: [...NOTE_FIELDS, ...KIND_FIELDS],
  immutable: [],
  maskAliases: new Map([['attestationAuthority', 'attestation']]),
})

export const V1_OCCURRENCE = v1Shape<Schemas['Occurrence']>({
  mutable: ['remediation', 'envelope', ...KIND_FIELDS],
  immutable: ['resourceUri', 'noteName'],
})

/** `current` with the fields of the mask as `sent` has them: without a mask all fields that are sent, with `*` all there are.
 * Fields that are output only are ignored. INVALID_ARGUMENT for an unknown path, or another value of an immutable field. */
export function patched<Shown extends object>(
  current: Shown,
  sent: Shown,
  mask: string | undefined,
  { mutable, immutable, maskAliases }: MaskRules,
): Shown {
  const top = (path: string) => path.split('.')[0]!
  let paths = maskPaths(mask).map((path) => path.replace(/^[^.]+/, (name) => maskAliases?.get(name) ?? name))
  if (paths.includes('*')) paths = [...mutable, ...Object.keys(sent)]
  else if (paths.length === 0) paths = Object.keys(sent)
  checkMask(
    paths,
    [...mutable, ...immutable, ...OUTPUT_ONLY],
    (path) => `Invalid update_mask: there is no field "${path}" to update.`,
  )
  for (const field of immutable)
    if (paths.some((path) => top(path) === field) && !same(current[field as keyof Shown], sent[field as keyof Shown]))
      throw invalidArgument(`Field "${field}" is immutable.`)
  return applyMask(
    current,
    sent,
    paths.filter((path) => mutable.includes(top(path))),
  )
}
