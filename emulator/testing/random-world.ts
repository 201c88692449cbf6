// Chance changes of what admission depends on, made in an emulator and in the naive world alike: attestors, notes, attestations, policies.
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { components } from '../gen/binaryauthorization.v1.ts'
import type { InProcess } from './in-process.ts'
import type { NaiveWorld } from './naive-evaluator.ts'
import { emptyNaiveWorld, mirrored } from './naive-mirror.ts'
import type { Random } from './random.ts'

type Schemas = components['schemas']
type Policy = Schemas['Policy']
type Rule = Schemas['AdmissionRule']

export const PROJECTS = ['naive-one', 'naive-two'] as const
export const CLUSTERS = ['europe-west2.prod', 'us-central1-a.prod', 'global.fleet'] as const
export const NAMESPACES = ['default', 'team-1', 'team-10'] as const
export const ACCOUNTS = ['default', 'builder'] as const
const NOTES = ['naive-one', 'naive-two', 'naive-notes'].flatMap((project) => [
  `projects/${project}/notes/a`,
  `projects/${project}/notes/b`,
])
const ATTESTORS = PROJECTS.flatMap((project) => ['built', 'tested', 'scanned'].map((id) => `projects/${project}/attestors/${id}`))
export const DIGESTS = ['a', 'b', 'c', 'd'].map((text) => `sha256:${createHash('sha256').update(text).digest('hex')}`)
export const REPOSITORIES = [
  'gcr.io/p/app',
  'gcr.io/p/team/app',
  'europe-west2-docker.pkg.dev/p/images/app',
  'k8s.gcr.io/app',
  'app',
] as const

const KMS_PATH = '/v1/projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'
const MAX_OCCURRENCES = 40

interface Key {
  publicKey: Schemas['AttestorPublicKey']
  /** The id that the API gives it. */
  id: string
  /** Ids that signatures name it by; the last do not count. */
  named: string[]
  sign(data: Buffer): Buffer
}

function makeKey(signatureAlgorithm: string, id?: string, aliases: string[] = []): Key {
  const { privateKey: key, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = signatureAlgorithm.startsWith('RSA')
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: signatureAlgorithm.includes('384') ? 'P-384' : 'P-256' })
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const ownId = id ?? `ni:///sha-256;${createHash('sha256').update(spki).digest('base64url')}`
  const pkixPublicKey = {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    signatureAlgorithm: signatureAlgorithm as 'ECDSA_P256_SHA256',
  }
  return {
    publicKey: { ...(id && { id }), pkixPublicKey },
    id: ownId,
    named: [ownId, ownId, ownId, ...aliases],
    sign: (data) =>
      sign(/SHA\d+$/.exec(signatureAlgorithm)![0], data, signatureAlgorithm.includes('PSS') ? { key, ...pss } : key),
  }
}

export interface RandomWorld {
  naive: NaiveWorld
  /** One change, in both. */
  change(): Promise<void>
  /** A new policy of a project, in both. */
  writePolicy(project: string): Promise<void>
}

export function randomWorld(emulator: InProcess, random: Random): RandomWorld {
  const { below, pick } = random
  const naive = emptyNaiveWorld()
  const call = mirrored(emulator.call, naive)
  const keys = [
    makeKey('ECDSA_P256_SHA256'),
    makeKey('EC_SIGN_P256_SHA256', `//cloudkms.googleapis.com${KMS_PATH}`, [
      `//127.0.0.1:9080${KMS_PATH}`,
      `//example.com${KMS_PATH}`,
    ]),
    makeKey('RSA_PSS_2048_SHA256', 'https://example.com/keys/1', ['https://example.com/keys/2']),
    makeKey('RSA_SIGN_PKCS1_2048_SHA256'),
    makeKey('ECDSA_P384_SHA384'),
    makeKey('ECDSA_P256_SHA256', undefined, ['', 'my-key']),
  ]
  const binauthz = (method: string, request: object) =>
    call('binaryauthorization.v1', `google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1/${method}`, request)
  const grafeas = (method: string, request: object) => call('containeranalysis.v1', `grafeas.v1.Grafeas/${method}`, request)
  const parentOf = (name: string) => name.split('/').slice(0, 2).join('/')
  const idOf = (name: string) => name.split('/').at(-1)!
  const some = <T>(from: readonly T[], most: number) => [...new Set(Array.from({ length: below(most + 1) }, () => pick(from)))]

  async function changeAttestor(name: string) {
    const known = naive.attestors.get(name)
    if (known && below(3) === 0) {
      await binauthz('DeleteAttestor', { name })
      return
    }
    const own = some(keys, 3)
    const note = known?.note ?? pick(NOTES)
    const userOwnedGrafeasNote = { noteReference: note, publicKeys: own.map(({ publicKey }) => publicKey) }
    const attestor = { userOwnedGrafeasNote }
    if (known) await binauthz('UpdateAttestor', { attestor: { name, ...attestor } })
    else await binauthz('CreateAttestor', { parent: parentOf(name), attestorId: idOf(name), attestor })
  }

  async function changeNote(name: string) {
    if (naive.notes.has(name)) {
      await grafeas('DeleteNote', { name })
      return
    }
    const isAttestation = below(8) > 0
    const note = isAttestation ? { attestation: { hint: { humanReadableName: 'x' } } } : { build: { builderVersion: '1' } }
    await grafeas('CreateNote', { parent: parentOf(name), noteId: idOf(name), note })
  }

  /** What stands in an attestation of a digest; mostly what is good. */
  function payloadFor(digest: string): string {
    const own = below(5) === 0 ? pick(DIGESTS) : digest
    const document = (image: string) =>
      `{"critical":{"identity":{"docker-reference":"${pick(REPOSITORIES)}"},"image":${image},"type":"Google cloud binauthz container signature"}}`
    const good = document(`{"docker-manifest-digest":"${own}"}`)
    const rare = [
      document(`{"docker-manifest-digest":"${pick(DIGESTS)}","docker-manifest-digest":"${own}"}`),
      document(`{"docker-manifest-digest":"${own.toUpperCase()}"}`),
      document('{}'),
      `${good}]`,
      own,
      '',
    ]
    return below(5) === 0 ? pick(rare) : good
  }

  const signatures = new Map<string, string>()

  function signatureOf(key: Key, payload: string): { publicKeyId: string; signature: string } {
    const type = 'application/vnd.dev.cosign.simplesigning.v1+json'
    const bytes = pick([
      payload,
      payload,
      payload,
      payload,
      `${payload}\n`,
      `DSSEv1 ${type.length} ${type} ${payload.length} ${payload}`,
    ])
    const address = `${keys.indexOf(key)} ${bytes}`
    const signature = signatures.get(address) ?? key.sign(Buffer.from(bytes)).toString('base64')
    signatures.set(address, signature)
    const publicKeyId = below(8) === 0 ? pick(pick(keys).named) : pick(key.named)
    return { publicKeyId, signature: below(20) === 0 ? signature.slice(0, -8) : signature }
  }

  async function attest() {
    const known = [...naive.notes].filter(([, kind]) => kind === 'ATTESTATION').map(([name]) => name)
    if (known.length === 0) return
    const note = pick(known)
    const digest = pick(DIGESTS)
    const payload = payloadFor(digest)
    const trusted = [...naive.attestors.values()]
      .filter((attestor) => attestor.note === note)
      .flatMap((attestor) => attestor.keys)
    const signers = trusted.length > 0 && below(3) ? keys.filter(({ publicKey }) => trusted.includes(publicKey)) : keys
    const resourceUri = `${pick(['', 'https://'])}${pick(REPOSITORIES)}${pick(['', '', ':v1'])}${pick(['@', '@', '@', '@', ':'])}${digest}${pick(['', '', '', '', '', '/x'])}`
    const attestation = {
      serializedPayload: Buffer.from(payload).toString('base64'),
      signatures: Array.from({ length: below(8) ? 1 + below(2) : 0 }, () => signatureOf(pick(signers), payload)),
    }
    const parent = `projects/${pick(['naive-one', 'naive-images'])}`
    try {
      await grafeas('CreateOccurrence', { parent, occurrence: { noteName: note, resourceUri, attestation } })
    } catch (error) {
      // the same attestation once more: nothing has changed
      if ((error as { code?: string }).code !== 'ALREADY_EXISTS') throw error
    }
  }

  async function removeAttestation() {
    const name = pick([...naive.occurrences.keys()])
    await grafeas('DeleteOccurrence', { name })
  }

  function randomRule(): Rule {
    const enforcementMode = pick([
      'ENFORCED_BLOCK_AND_AUDIT_LOG',
      'ENFORCED_BLOCK_AND_AUDIT_LOG',
      'DRYRUN_AUDIT_LOG_ONLY',
    ] as const)
    const known = [...naive.attestors.keys()]
    const requireAttestationsBy = known.length > 0 ? [pick(known), ...some(known, 1)] : []
    if (requireAttestationsBy.length === 0 || below(3) === 0)
      return { evaluationMode: pick(['ALWAYS_ALLOW', 'ALWAYS_DENY'] as const), enforcementMode }
    return { evaluationMode: 'REQUIRE_ATTESTATION', enforcementMode, requireAttestationsBy }
  }

  /** Cut from the name of an image, so that it is near to some. */
  function randomPattern(): string {
    const name = `${pick(REPOSITORIES)}${pick(['', ':v1', `@${pick(DIGESTS)}`])}`
    const slash = name.indexOf('/')
    const wildcard = pick(['', '*', '**'])
    if (slash < 0 || wildcard === '') return name
    return name.slice(0, slash + 1 + below(name.length - slash)) + wildcard
  }

  const mapOf = (names: string[]) => Object.fromEntries(names.map((name) => [name, randomRule()]))

  function randomMap(): Policy {
    const field = pick(['none', 'clusters', 'namespaces', 'accounts', 'identities'])
    const accounts = NAMESPACES.flatMap((namespace) => ACCOUNTS.map((account) => `${namespace}:${account}`))
    if (field === 'clusters') return { clusterAdmissionRules: mapOf(some(CLUSTERS, 2)) }
    if (field === 'namespaces') return { kubernetesNamespaceAdmissionRules: mapOf(some(NAMESPACES, 2)) }
    if (field === 'accounts') return { kubernetesServiceAccountAdmissionRules: mapOf(some(accounts, 3)) }
    if (field === 'identities') return { istioServiceIdentityAdmissionRules: mapOf(['cluster.local/ns/team-1/sa/builder']) }
    return {}
  }

  async function writePolicy(project: string) {
    const mode = pick([undefined, 'ENABLE', 'ENABLE', 'DISABLE', 'GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED'] as const)
    const patterns = below(3) === 0 ? some(REPOSITORIES, 2).map(randomPattern) : []
    const policy: Policy = {
      ...(mode && { globalPolicyEvaluationMode: mode }),
      ...(patterns.length > 0 && { admissionWhitelistPatterns: patterns.map((namePattern) => ({ namePattern })) }),
      ...randomMap(),
      defaultAdmissionRule: randomRule(),
    }
    await binauthz('UpdatePolicy', { policy: { name: `projects/${project}/policy`, ...policy } })
  }

  return {
    naive,
    writePolicy,
    async change() {
      const what = below(100)
      if (what < 15 || naive.attestors.size < 3) await changeAttestor(pick(ATTESTORS))
      else if (what < 18 || naive.notes.size < 4) await changeNote(pick(NOTES))
      else if (naive.occurrences.size >= MAX_OCCURRENCES || (what < 35 && naive.occurrences.size > 0)) await removeAttestation()
      else await attest()
    },
  }
}
