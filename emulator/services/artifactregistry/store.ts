// Look-ups of versions and tags by index, beyond what a collection has, and what goes with a repository or package.
import type { Database } from '../../core/database.ts'
import { oncePerDatabase } from '../../core/once-per-database.ts'

const PAGE = 500

const statements = oncePerDatabase((db) => ({
  versionsOfRepository: db.prepare<[string, string], { name: string; body: string }>(
    `SELECT name, body FROM ar_versions WHERE repository = ? AND name > ? ORDER BY name LIMIT ${PAGE}`,
  ),
  sizeOfRepository: db
    .prepare<[string], number>(`SELECT total(body ->> '$.imageSizeBytes') FROM ar_versions WHERE repository = ?`)
    .pluck() as unknown as { get(repository: string): number },
  tagsOfVersion: db
    .prepare<[string], string>('SELECT name FROM ar_tags WHERE version = ? ORDER BY position')
    .pluck() as unknown as { all(version: string): string[] },
  hasTags: db.prepare<[string], number>('SELECT EXISTS (SELECT 1 FROM ar_tags WHERE parent = ?)').pluck() as unknown as {
    get(packageName: string): number
  },
  packagesOfRepository: db.prepare<[string], string>('SELECT name FROM ar_packages WHERE parent = ?').pluck() as unknown as {
    all(repository: string): string[]
  },
  deletePackages: db.prepare('DELETE FROM ar_packages WHERE parent = ?'),
  deleteTags: db.prepare('DELETE FROM ar_tags WHERE parent = ?'),
  deleteVersions: db.prepare('DELETE FROM ar_versions WHERE parent = ?'),
}))

/** Versions of all packages of a repository by their names, from behind the name `after` on. */
export function* versionsOfRepository<T>(db: Database, repository: string, after: string) {
  for (let from = after; ; ) {
    const rows = statements(db).versionsOfRepository.all(repository, from)
    for (const { name, body } of rows) yield { position: name, document: JSON.parse(body) as T }
    if (rows.length < PAGE) return
    from = rows.at(-1)!.name
  }
}

/** Bytes of all images of a repository. */
export const sizeOfRepository = (db: Database, repository: string): number => statements(db).sizeOfRepository.get(repository)

/** Names of the tags that point to a version, sorted. */
export const tagsOfVersion = (db: Database, version: string): string[] => statements(db).tagsOfVersion.all(version)

export const hasTags = (db: Database, packageName: string): boolean => statements(db).hasTags.get(packageName) === 1

/** Deletes all versions and tags of a package. */
export function deletePackageContent(db: Database, packageName: string) {
  statements(db).deleteTags.run(packageName)
  statements(db).deleteVersions.run(packageName)
}

/** Deletes all packages of a repository, with their versions and tags. */
export function deleteRepositoryContent(db: Database, repository: string) {
  for (const packageName of statements(db).packagesOfRepository.all(repository)) deletePackageContent(db, packageName)
  statements(db).deletePackages.run(repository)
}
