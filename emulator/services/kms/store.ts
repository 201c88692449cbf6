// SQL for key material, which stands apart from the documents (migrations/001-init.sql).

import { oncePerDatabase } from '../../core/once-per-database.ts'
import type { Context } from '../../core/service.ts'
import type { KeyMaterial } from './key-material.ts'

type Database = Context['db']

interface Row {
  privateKey: Buffer
  publicKeyPem: string | null
}

const statements = oncePerDatabase((db) => ({
  insert: db.prepare('INSERT INTO kms_key_material (name, private_key, public_key_pem) VALUES (?, ?, ?)'),
  get: db.prepare('SELECT private_key AS privateKey, public_key_pem AS publicKeyPem FROM kms_key_material WHERE name = ?'),
  delete: db.prepare('DELETE FROM kms_key_material WHERE name = ?'),
}))

/** Keeps the material of a new version. `name` is that of the version; it must have none yet. */
export function insertKeyMaterial(db: Database, name: string, { privateKey, publicKeyPem }: KeyMaterial) {
  statements(db).insert.run(name, privateKey, publicKeyPem ?? null)
}

/** The material of a version; undefined once it is destroyed. */
export function findKeyMaterial(db: Database, name: string): KeyMaterial | undefined {
  const row = statements(db).get.get(name) as Row | undefined
  return row && { privateKey: row.privateKey, ...(row.publicKeyPem !== null && { publicKeyPem: row.publicKeyPem }) }
}

export function deleteKeyMaterial(db: Database, name: string) {
  statements(db).delete.run(name)
}
