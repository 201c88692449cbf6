// Random identifiers come from here and nowhere else, so that a test can make them repeatable.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Ids {
  uuid(): string
  bytes(length: number): Buffer
}

export const randomIds: Ids = { uuid: randomUUID, bytes: randomBytes }

/** A UUID of version 7 (RFC 9562): those of later times sort after earlier ones, so that an index of many grows at its end. `nanos` since the
 * epoch. */
export function orderedUuid({ uuid }: Pick<Ids, 'uuid'>, nanos: bigint): string {
  const millis = (nanos / 1_000_000n).toString(16).padStart(12, '0')
  return `${millis.slice(0, 8)}-${millis.slice(8)}-7${uuid().slice(15)}`
}
