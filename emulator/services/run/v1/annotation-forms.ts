// Forms of annotations: a text, a number, true or false, one of some words, JSON. Each is a row: how v1 writes a field of v2, and reads it.
import { isObject } from '../../../core/json.ts'

/** A message of v2: a service, a job, or what its template says of a revision or a task. */
export type Message = Record<string, any>

export interface Row {
  key: string
  /** Of the field in v2, where it is one. */
  path?: string
  /** As v1 writes it; undefined where the field is absent, or as it is by default. */
  get(message: Message): string | undefined
  /** Sets the field, or says what is wrong with the text. */
  set(message: Message, text: string): string | undefined
}

const read = (message: Message, path: string): any => path.split('.').reduce<any>((at, key) => at?.[key], message)

/** ProtoJSON has no zeros, so `undefined` is what stands for them. */
function write(message: Message, path: string, value: unknown) {
  const keys = path.split('.')
  const last = keys.pop()!
  let at = message
  for (const key of keys) {
    if (!isObject(at[key])) {
      if (value === undefined) return
      at[key] = {}
    }
    at = at[key]
  }
  if (value === undefined) delete at[last]
  else at[last] = value
}

export const text = (key: string, path: string): Row => ({
  key,
  path,
  get: (message) => read(message, path) || undefined,
  set: (message, value) => void write(message, path, value || undefined),
})

export const flag = (key: string, path: string): Row => ({
  key,
  path,
  get: (message) => (read(message, path) ? 'true' : undefined),
  set(message, value) {
    if (!/^(true|false)$/i.test(value)) return 'must be true or false'
    return void write(message, path, value.toLowerCase() === 'true' || undefined)
  },
})

const MAX_INT32 = 2_147_483_647

/** `zero`: 0 says something else than nothing. */
export const count = (key: string, path: string, zero?: 'kept where it is 0'): Row => ({
  key,
  path,
  get(message) {
    const value = read(message, path)
    return value || (zero && value === 0) ? String(value) : undefined
  },
  set(message, value) {
    if (!/^\d{1,10}$/.test(value) || Number(value) > MAX_INT32) return 'must be a number that is not negative'
    return void write(message, path, Number(value) || (zero ? 0 : undefined))
  },
})

/** `names`: text → enum value; of two texts of one value the first is written. `byDefault`: the value that is not written. */
export const words = (key: string, path: string, names: Record<string, string>, byDefault?: string): Row => ({
  key,
  path,
  get(message) {
    const value = read(message, path)
    return value === byDefault ? undefined : Object.keys(names).find((name) => names[name] === value)
  },
  set(message, value) {
    if (!Object.hasOwn(names, value)) return `must be one of ${Object.keys(names).join(', ')}`
    return void write(message, path, names[value])
  },
})

export const json = (key: string, path: string, what: string, fits: (value: unknown) => boolean): Row => ({
  key,
  path,
  get(message) {
    const value = read(message, path)
    return value && Object.keys(value).length > 0 ? JSON.stringify(value) : undefined
  },
  set(message, text) {
    const value = parsed(text)
    if (!fits(value)) return `must be ${what} as JSON`
    return void write(message, path, value)
  },
})

/** What the JSON says; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
