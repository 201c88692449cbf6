// Volumes, v1 ⇄ v2 (https://cloud.google.com/run/docs/reference/rest/v1/Volume). Buckets are a CSI driver in v1.
import type { components as V1 } from '../../../gen/run.v1.ts'
import type { components as V2 } from '../../../gen/run.v2.ts'
import { violation } from './annotations.ts'
import { defined, refuse, unlessEmpty } from './fields.ts'
import type { SecretAliases } from './secret-aliases.ts'

type Volume1 = V1['schemas']['Volume']
type Volume2 = V2['schemas']['Volume']

const GCS_DRIVER = 'gcsfuse.run.googleapis.com'

export function volumeFromV1({ name, ...source }: Volume1, path: string, secrets: SecretAliases): Volume2 {
  const { secret, emptyDir, csi, nfs, ...rest } = source
  refuse(rest, path)
  return defined({
    name,
    secret: secret && secretFromV1(secret, `${path}.secret`, secrets),
    emptyDir: emptyDir && emptyDirFromV1(emptyDir, `${path}.emptyDir`),
    gcs: csi && gcsFromV1(csi, `${path}.csi`),
    nfs,
  })
}

function secretFromV1(source: NonNullable<Volume1['secret']>, path: string, secrets: SecretAliases): Volume2['secret'] {
  const { secretName, items, defaultMode, ...rest } = source
  refuse(rest, path)
  return defined({
    secret: secretName && secrets.secretOf(secretName),
    items: items?.map(({ key, path, mode }) => defined({ version: key, path, mode })),
    defaultMode,
  })
}

function emptyDirFromV1({ medium, sizeLimit }: NonNullable<Volume1['emptyDir']>, path: string): Volume2['emptyDir'] {
  if (medium && medium !== 'Memory') throw violation(`${path}.medium`, 'must be Memory')
  return defined({ medium: medium ? ('MEMORY' as const) : undefined, sizeLimit })
}

function gcsFromV1({ driver, readOnly, volumeAttributes = {} }: NonNullable<Volume1['csi']>, path: string): Volume2['gcs'] {
  if (driver !== GCS_DRIVER) throw violation(`${path}.driver`, `must be ${GCS_DRIVER}`)
  const { bucketName: bucket, mountOptions, ...rest } = volumeAttributes
  refuse(rest, `${path}.volumeAttributes`)
  return defined({ bucket, readOnly, mountOptions: mountOptions ? mountOptions.split(',') : undefined })
}

export function volumeToV1({ name, secret, emptyDir, gcs, nfs }: Volume2, secrets: SecretAliases): Volume1 {
  const mountOptions = gcs?.mountOptions?.join(',')
  return defined({
    name,
    secret:
      secret &&
      defined({
        secretName: secret.secret && secrets.aliasOf(secret.secret),
        items: secret.items?.map(({ version, path, mode }) => defined({ key: version, path, mode })),
        defaultMode: secret.defaultMode,
      }),
    emptyDir: emptyDir && defined({ medium: emptyDir.medium === 'MEMORY' ? 'Memory' : undefined, sizeLimit: emptyDir.sizeLimit }),
    csi:
      gcs &&
      defined({
        driver: GCS_DRIVER,
        readOnly: gcs.readOnly,
        volumeAttributes: unlessEmpty(defined({ bucketName: gcs.bucket!, mountOptions: mountOptions! })),
      }),
    nfs,
  })
}
