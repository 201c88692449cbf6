// What evaluation remembers of one state of the store. With any change of policies, attestors, notes or occurrences all of it goes:
// nothing here is ever older than the store, and nothing is kept by time.
import type { Database } from '../../core/database.ts'
import { admissionGeneration } from '../../core/generation.ts'
import type { ImageEvaluation } from './evaluation-tree.ts'
import type { Policy } from './policies.ts'

interface Remembered {
  generation: string
  policies: Map<string, Policy>
  /** Images that were allowed, by project, rule and image. A denial is evaluated each time. */
  allowed: Map<string, ImageEvaluation>
}

const MAX_IMAGES = 10_000

const stores = new WeakMap<Database, Remembered>()

/** The memory of the store as it is now. Whoever waits must keep this object: a later state has another one. */
export function remembered(db: Database): Remembered {
  const generation = admissionGeneration(db)
  const known = stores.get(db)
  if (known?.generation === generation) return known
  const fresh = { generation, policies: new Map(), allowed: new Map() }
  stores.set(db, fresh)
  return fresh
}

export function rememberAllowed({ allowed }: Remembered, key: string, image: ImageEvaluation) {
  if (allowed.size >= MAX_IMAGES) allowed.clear()
  allowed.set(key, image)
}
