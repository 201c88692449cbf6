// What the source of a build was, to the generation or commit. Of an archive that was uploaded here the hash is known; of any other source
// there is what the request says.
import type { Context } from '../../core/service.ts'
import type { Schemas } from './build-fields.ts'
import { findObject } from './objects.ts'

export function sourceProvenance(source: Schemas['Source'] | undefined, ctx: Context): Schemas['SourceProvenance'] {
  const { storageSource, repoSource, gitSource, storageSourceManifest, connectedRepository } = source ?? {}
  return {
    ...(storageSource && ofArchive(storageSource, ctx)),
    ...(repoSource && { resolvedRepoSource: repoSource }),
    ...(gitSource && { resolvedGitSource: gitSource }),
    ...(storageSourceManifest && { resolvedStorageSourceManifest: storageSourceManifest }),
    ...(connectedRepository && { resolvedConnectedRepository: connectedRepository }),
  }
}

function ofArchive(
  { bucket = '', object = '', generation }: Schemas['StorageSource'],
  ctx: Context,
): Schemas['SourceProvenance'] {
  const stored = findObject(bucket, object, ctx)
  const known = stored && (!generation || generation === '0' || generation === stored.generation) ? stored : undefined
  const resolved = known?.generation ?? generation
  const fileHash = known && [{ type: 'MD5' as const, value: known.md5Hash }]
  return {
    resolvedStorageSource: { bucket, object, ...(resolved && { generation: resolved }) },
    ...(fileHash && { fileHashes: { [`gs://${bucket}/${object}#${resolved}`]: { fileHash } } }),
  }
}
