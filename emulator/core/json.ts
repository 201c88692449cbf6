// What JSON can be.

/** A JSON object: neither null nor a list. */
export type JsonObject = Record<string, any>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `{}` says as little as no body at all. */
export const isEmptyObject = (value: unknown) => isObject(value) && Object.keys(value).length === 0
