// Page tokens are opaque, and bound to the request that they came from (https://google.aip.dev/158).
import { createHash } from 'node:crypto'
import { invalidArgument } from './status.ts'

const fingerprint = (request: unknown) => createHash('sha256').update(JSON.stringify(request)).digest('base64url').slice(0, 8)

/** `position`: where the next page begins; `request`: what must not change between pages. */
export const pageToken = (position: string, request: unknown) =>
  Buffer.from(JSON.stringify([position, fingerprint(request)])).toString('base64url')

/** The position of a token; INVALID_ARGUMENT for anything that pageToken did not make for this request. */
export function readPageToken(token: string, request: unknown): string {
  try {
    const [position, made] = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof position === 'string' && made === fingerprint(request)) return position
  } catch {}
  throw invalidArgument('The page token is invalid: it is malformed, or parent, filter or order changed since it was issued.')
}
