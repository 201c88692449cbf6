// Why a signature's key is not one of the attestor's, and what to do: the ids of both are compared.
import { idOf } from '../../core/names.ts'

interface KeyVersion {
  authority?: string
  cryptoKey: string
  version: string
}

/** The Cloud KMS version that an id names, with or without `//cloudkms.googleapis.com/v1/`; undefined for any other id. */
export function keyVersionOf(id: string): KeyVersion | undefined {
  const [, authority, cryptoKey, version] =
    /^(?:(?:https?:)?\/\/([^/]+)\/v1\/)?(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+)\/cryptoKeyVersions\/(\d+)$/.exec(
      id,
    ) ?? []
  return cryptoKey ? { ...(authority && { authority }), cryptoKey, version: version! } : undefined
}

export const versionName = ({ cryptoKey, version }: KeyVersion) => `${cryptoKey}/cryptoKeyVersions/${version}`

/** A PGP fingerprint in any of its spellings: `openpgp4fpr:…`, `0x…`, in groups, short. */
function fingerprintOf(id: string): string | undefined {
  const digits = id
    .replace(/^(openpgp4fpr:|0x)/i, '')
    .replaceAll(' ', '')
    .toUpperCase()
  return /^[0-9A-F]{8,40}$/.test(digits) ? digits : undefined
}

/** What to do about a signature under `id`, which is none of the ids that the attestor lists. `goodWith` is the id of the listed key with
 * which it verifies all the same. */
export function keyHints(id: string, listed: string[], attestor: string, goodWith?: string): string[] {
  if (goodWith !== undefined)
    return [
      `Signed by a key that attestor ${attestor} lists under another id: make the attestation with publicKeyId ${goodWith}.`,
    ]
  const signed = `Signed by key ${id}, which attestor ${attestor} does not list`
  const wanted = keyVersionOf(id)
  if (wanted) {
    const versions = listed.flatMap((key) => keyVersionOf(key) ?? []).filter(({ cryptoKey }) => cryptoKey === wanted.cryptoKey)
    const numbers = versions.map(({ version }) => version)
    if (numbers.includes(wanted.version)) {
      const same = listed.find(
        (key) => keyVersionOf(key)?.version === wanted.version && keyVersionOf(key)?.cryptoKey === wanted.cryptoKey,
      )
      return [`${signed}: it lists the same key version as ${same}. The ids must be equal: use that one.`]
    }
    const add = `gcloud container binauthz attestors public-keys add --attestor=${attestor} --keyversion=${versionName(wanted)}`
    if (numbers.length > 0)
      return [
        `${signed}: of the key ${idOf(wanted.cryptoKey)} it lists version ${numbers.join(', ')}; did you sign with version ${wanted.version}?`,
        `Sign with version ${numbers.join(' or ')}, or trust version ${wanted.version} too: ${add}`,
      ]
    return [`${signed}: sign with a key that it lists, or add this one: ${add}`]
  }
  const fingerprint = fingerprintOf(id)
  const alike = fingerprint && listed.find((key) => fingerprintOf(key)?.endsWith(fingerprint))
  if (alike) return [`${signed}: it lists ${alike}. The ids must be equal to the letter: use that one.`]
  return [`${signed}: sign with a key that it lists, or add this one to it.`]
}
