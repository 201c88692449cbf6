// etags (https://google.aip.dev/154). Two forms are on the wire: a quoted string (Binary Authorization) and bytes (IAM).
import { createHash } from 'node:crypto'
import { aborted } from './status.ts'

/** `"Mna+BCqXznjH"`, quotes included as in the real API: another content or another time of update gives another etag. */
export const etagOf = (document: unknown) =>
  `"${createHash('sha256').update(JSON.stringify(document)).digest('base64').slice(0, 12)}"`

/** Refuses a write that was prepared on an older state; a request without etag always passes. */
export function checkEtag(sent: string | undefined, current: string | undefined, message: string) {
  if (sent && sent !== current) throw aborted(message)
}
