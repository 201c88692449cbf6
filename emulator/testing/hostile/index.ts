// Attestations that must not count, each with a twin that must.
import { jwtRows } from './jwts.ts'
import { payloadRows } from './payloads.ts'
import { pgpRows } from './pgp.ts'
import type { HostileRow } from './row.ts'
import { signatureRows } from './signatures.ts'
import { weakKeyRows } from './weak-keys.ts'

export const HOSTILE_ROWS: HostileRow[] = [...signatureRows, ...payloadRows, ...weakKeyRows, ...jwtRows, ...pgpRows]
