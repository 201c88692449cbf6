import { namePattern } from '../../core/names.ts'

export const LOCATION = namePattern('projects/{project}/locations/{location}')
export const KEY_RING = namePattern('projects/{project}/locations/{location}/keyRings/{keyRing}')
export const IMPORT_JOB = namePattern('projects/{project}/locations/{location}/keyRings/{keyRing}/importJobs/{importJob}')
export const CRYPTO_KEY = namePattern('projects/{project}/locations/{location}/keyRings/{keyRing}/cryptoKeys/{cryptoKey}')
export const CRYPTO_KEY_VERSION = namePattern(
  'projects/{project}/locations/{location}/keyRings/{keyRing}/cryptoKeys/{cryptoKey}/cryptoKeyVersions/{cryptoKeyVersion}',
)
