// Random identifiers come from here and nowhere else, so that a test can make them repeatable.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Ids {
  uuid(): string
  bytes(length: number): Buffer
}

export const randomIds: Ids = { uuid: randomUUID, bytes: randomBytes }
