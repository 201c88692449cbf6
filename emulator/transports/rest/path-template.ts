// Path templates of google.api.http, `/v1/{name=projects/*/notes/*}:verb` (google/api/http.proto states the grammar).

interface Variable {
  /** Field path in the request, `policy.name`. */
  field: string
  /** Segments of the path that are its value. */
  from: number
  to: number
}

export interface PathTemplate {
  /** A literal, `*` or `**` for each segment. */
  segments: string[]
  variables: Variable[]
  verb: string
}

export function parseTemplate(template: string): PathTemplate {
  const [, path = template, verb = ''] = /^(.*[^:]):([a-zA-Z]+)$/.exec(template) ?? []
  const segments: string[] = []
  const variables: Variable[] = []
  for (const [, literal, field, pattern = '*'] of path.matchAll(/\/(?:([^/{}]+)|\{([^=}]+)(?:=([^}]+))?\})/g)) {
    const from = segments.length
    segments.push(...(literal ?? pattern).split('/'))
    if (field) variables.push({ field, from, to: segments.length })
  }
  if (segments.length === 0) segments.push('') // `/` itself
  return { segments, variables, verb }
}

/** Splits a request path at its slashes; a trailing one does not count. Nothing is decoded. */
export function splitPath(path: string): string[] {
  const segments = path.split('/').slice(1)
  if (segments.length > 1 && segments.at(-1) === '') segments.pop()
  return segments
}

/** The values of the variables, or undefined where the path is not of this form. Throws URIError on broken percent-encoding. */
export function matchTemplate({ segments, variables }: PathTemplate, path: string[]): Record<string, string> | undefined {
  const multi = segments.indexOf('**')
  const extra = path.length - segments.length
  if (multi < 0 ? extra !== 0 : extra < 0) return undefined
  // where a segment of the template begins in the path: all behind `**` is shifted by what it swallows
  const at = (index: number) => (multi >= 0 && index > multi ? index + extra : index)
  for (const [index, segment] of segments.entries()) {
    const actual = path[at(index)]
    if (segment === '*' || segment === '**' ? actual === '' : segment !== actual) return undefined
  }
  const values: Record<string, string> = {}
  for (const { field, from, to } of variables) {
    const parts = path.slice(at(from), at(to))
    // in a value of several segments an encoded slash stays encoded: it is part of an id, `packages/a%2Fb`
    values[field] = parts.map((part) => (parts.length > 1 ? decodeKeepingSlashes(part) : decodeURIComponent(part))).join('/')
  }
  return values
}

const decodeKeepingSlashes = (part: string) =>
  part
    .split(/(%2f)/i)
    .map((piece, index) => (index % 2 ? piece : decodeURIComponent(piece)))
    .join('')
