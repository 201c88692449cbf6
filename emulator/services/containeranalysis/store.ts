// Look-ups of occurrences by index, beyond what a collection has.
import type { Database } from '../../core/database.ts'
import { oncePerDatabase } from '../../core/once-per-database.ts'

interface Row {
  position: string
  body: string
}

const PAGE = 500

const statements = oncePerDatabase((db) => ({
  ofNote: db.prepare<[string, string], Row>(
    `SELECT position, body FROM ca_occurrences WHERE note_name = ? AND position > ? ORDER BY position LIMIT ${PAGE}`,
  ),
  // no digest: the resourceUri may still end in the wanted text, after something else than an @
  ofNoteAndDigest: db.prepare<{ noteName: string; digest: string; after: string }, Row>(
    `SELECT position, body FROM ca_occurrences WHERE note_name = @noteName AND digest = @digest AND position > @after
     UNION ALL
     SELECT position, body FROM ca_occurrences WHERE note_name = @noteName AND digest IS NULL AND position > @after
     ORDER BY position LIMIT ${PAGE}`,
  ),
  attestations: db
    .prepare<[string, string], string>(
      `SELECT body FROM ca_occurrences WHERE note_name = ? AND digest = ? AND body ->> '$.kind' = 'ATTESTATION'
       AND EXISTS (SELECT 1 FROM ca_notes WHERE ca_notes.name = ca_occurrences.note_name AND ca_notes.body ->> '$.kind' = 'ATTESTATION')
       ORDER BY position`,
    )
    .pluck() as { all(noteName: string, digest: string): string[] },
  sameResource: db
    .prepare<[string, string | null, string, string], string>(
      `SELECT body FROM ca_occurrences WHERE note_name = ? AND digest IS ? AND parent = ? AND body ->> '$.resourceUri' = ?`,
    )
    .pluck() as { all(noteName: string, digest: string | null, parent: string, resourceUri: string): string[] },
}))

/** `sha256:<64 hex>` at the end of `…@sha256:<64 hex>`, as the column `digest` has it. */
const digestOf = (resourceUri: string): string | undefined => /@(sha256:[0-9a-f]{64})$/.exec(resourceUri)?.[1]

/** Occurrences of a note in all projects, oldest first, from behind the position `after` on. With a `digest` those of other digests may be left out. */
export function* occurrencesOfNote<T>(db: Database, noteName: string, after: string, digest?: string) {
  const { ofNote, ofNoteAndDigest } = statements(db)
  for (let from = after; ; ) {
    const rows = digest ? ofNoteAndDigest.all({ noteName, digest, after: from }) : ofNote.all(noteName, from)
    for (const { position, body } of rows) yield { position, document: JSON.parse(body) as T }
    if (rows.length < PAGE) return
    from = rows.at(-1)!.position
  }
}

/** Attestations of a note for a digest (`sha256:<64 hex>`) in all projects, oldest first; none if the note is gone, or one of
 * another kind has taken its name. */
export const attestationsOf = <T>(db: Database, noteName: string, digest: string): T[] =>
  statements(db)
    .attestations.all(noteName, digest)
    .map((body) => JSON.parse(body))

/** Occurrences of one project for the same note and resourceUri. */
export const occurrencesOfResource = <T>(db: Database, parent: string, noteName: string, resourceUri: string): T[] =>
  statements(db)
    .sameResource.all(noteName, digestOf(resourceUri) ?? null, parent, resourceUri)
    .map((body) => JSON.parse(body))
