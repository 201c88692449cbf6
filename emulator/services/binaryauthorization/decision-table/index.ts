// The decision table: requests under policies, and what Binary Authorization answers, with the source of each answer.
import { ALLOW_LIST_ROWS } from './allow-list.ts'
import { ATTESTATION_ROWS } from './attestations.ts'
import { ATTESTOR_ROWS } from './attestors.ts'
import { MODE_ROWS } from './modes.ts'
import { POD_ROWS } from './pods.ts'
import { RECORDED_ROWS } from './recorded.ts'
import type { Row } from './row.ts'
import { RULE_ROWS } from './rules.ts'
import { SYSTEM_POLICY_ROWS } from './system-policy.ts'

export type { Row } from './row.ts'

export const ROWS: Row[] = [
  ...MODE_ROWS,
  ...RULE_ROWS,
  ...ALLOW_LIST_ROWS,
  ...SYSTEM_POLICY_ROWS,
  ...ATTESTOR_ROWS,
  ...ATTESTATION_ROWS,
  ...POD_ROWS,
  ...RECORDED_ROWS,
]
