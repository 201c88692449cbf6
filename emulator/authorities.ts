// The names, `host[:port]`, by which clients have addressed this emulator. They are kept with the data, because the ids of KMS keys that
// gcloud makes carry them, and whether a signature finds its key must not depend on who has asked what since the last start.
import type { Database } from './core/database.ts'

export interface Authorities {
  has(authority: string): boolean
  add(authority: string): void
}

/** A client chooses this text, so its form and number are bounded; the name that came first goes first. */
const FORM = /^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?$/
const MAX_AUTHORITIES = 64

export function knownAuthorities(db: Database): Authorities {
  const stored = db.prepare("SELECT value FROM meta WHERE key = 'authorities'").pluck().get() as string | undefined
  const known = new Set<string>(stored ? JSON.parse(stored) : [])
  const save = db.prepare("INSERT INTO meta VALUES ('authorities', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
  return {
    has: (authority) => known.has(authority),
    add(authority) {
      if (known.has(authority) || !FORM.test(authority)) return
      known.add(authority)
      if (known.size > MAX_AUTHORITIES) known.delete(known.values().next().value!)
      save.run(JSON.stringify([...known]))
    },
  }
}
