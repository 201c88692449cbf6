// Label selectors of Kubernetes (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors):
// `a = b, c != d, e in (f, g), h notin (i), j, !k`, with or without blanks.
import { invalidArgument } from '../../../core/status.ts'

type Labels = Record<string, string>
type Requirement = (labels: Labels) => boolean

const KEY = '[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?'
const VALUE = '[A-Za-z0-9._-]*'
const FORMS: [RegExp, (key: string, value: string) => Requirement][] = [
  [new RegExp(`^(${KEY})\\s*==?\\s*(${VALUE})$`), (key, value) => (labels) => labels[key] === value],
  [new RegExp(`^(${KEY})\\s*!=\\s*(${VALUE})$`), (key, value) => (labels) => labels[key] !== value],
  [new RegExp(`^(${KEY})\\s+in\\s*\\(([^()]*)\\)$`), (key, list) => (labels) => valuesOf(list).includes(labels[key]!)],
  [new RegExp(`^(${KEY})\\s+notin\\s*\\(([^()]*)\\)$`), (key, list) => (labels) => !valuesOf(list).includes(labels[key]!)],
  [new RegExp(`^(${KEY})$`), (key) => (labels) => Object.hasOwn(labels, key)],
  [new RegExp(`^!\\s*(${KEY})$`), (key) => (labels) => !Object.hasOwn(labels, key)],
]
/** A longer one would be no work to write and much to read. */
const MAX_LENGTH = 4096

const valuesOf = (list: string) => list.split(',').map((value) => value.trim())

/** Does an object with these labels fit? INVALID_ARGUMENT for what is no selector; an empty one takes all. */
export function labelSelector(selector = ''): Requirement {
  if (selector.length > MAX_LENGTH) throw invalidArgument(`label_selector must have ${MAX_LENGTH} characters at most.`)
  // commas between parentheses separate values
  const parts = selector.trim() ? selector.split(/,(?![^()]*\))/) : []
  const requirements = parts.map((part) => {
    for (const [form, requirement] of FORMS) {
      const [, key, value = ''] = form.exec(part.trim()) ?? []
      if (key) return requirement(key, value)
    }
    throw invalidArgument(`label_selector: "${part.trim()}" is not a requirement of a label selector.`)
  })
  return (labels) => requirements.every((fits) => fits(labels))
}
