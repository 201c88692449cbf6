// Request bodies: read to the end within a limit, and parsed as Google's front end parses JSON.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { repeatedKey } from '../../core/repeated-key.ts'
import { badRequest, invalidArgument } from '../../core/status.ts'

const MAX_BODY = 10 * 1024 * 1024
const MAX_DEPTH = 100

/** The whole body. What is over the limit is read and dropped, so that the client gets its answer instead of a broken pipe. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY) chunks.push(chunk)
      else chunks.length = 0
    })
    request.on('end', () =>
      size > MAX_BODY
        ? reject(invalidArgument(`Request payload size exceeds the limit: ${MAX_BODY} bytes.`))
        : resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)),
    )
    request.on('error', reject)
    request.on('close', () => {
      if (!request.readableEnded) reject(new Error('the client went away'))
    })
  })
}

/** Google's REST clients of Node write this for a message in which nothing is set. */
const EMPTY = '""'

/** JSON of a body in which no object has a key twice: what is written must not mean one thing here and another elsewhere. */
export function parseRequest(body: Buffer): unknown {
  if (body.length === EMPTY.length && body.equals(Buffer.from(EMPTY))) return undefined
  const json = parseJson(body)
  const repeated = json === undefined ? undefined : repeatedKey(body.toString())
  if (repeated !== undefined) throw invalidJson(`The key ${JSON.stringify(repeated)} stands twice in one object.`)
  return json
}

/** JSON of a body; undefined for an empty one. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw invalidJson('Encountered non UTF-8 code points.')
  const text = body.toString()
  if (mayBeDeep(text)) checkDepth(body)
  if (text.trim() === '') return undefined
  try {
    return text.includes('\\u') && /\\ud[89a-f]/i.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text)
  } catch (error) {
    throw invalidJson((error as Error).message)
  }
}

/** Refuses half a character, which only an escape can write. */
function wellFormed(key: string, value: unknown) {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) throw new Error('Missing low surrogate.')
  return value
}

function invalidJson(why: string) {
  const description = `Invalid JSON payload received. ${why}`
  return badRequest(description, [{ field: '', description }])
}

/** Are there brackets for so many levels? Most texts have fewer, and finding them is much cheaper than a look at each character. */
function mayBeDeep(text: string): boolean {
  let count = 0
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > MAX_DEPTH) return true
  return false
}

/** Nesting is bounded before anything recurses over it. */
function checkDepth(body: Buffer) {
  let depth = 0
  let quoted = false
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (quoted) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) quoted = false
    } else if (byte === 0x22) quoted = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw invalidJson('Message too deep. Max recursion depth reached.')
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}
