// How each resource of Terraform's google provider is configured first, and how it is changed: keys, notes, attestors, policies and
// repositories. What is deployed is in deployments.ts.
import { generateKeyPairSync } from 'node:crypto'
import { newDigest, signaturePayload } from '../attestations.ts'
import { repository } from './artifact-registry.ts'
import { attestor, DESTROYED_POLICY, policy } from './binary-authorization.ts'
import { note, occurrence } from './container-analysis.ts'
import { cryptoKey, cryptoKeyVersion, keyRing } from './kms.ts'
import type { Provider } from './provider.ts'
import { ATTRIBUTION, create, type Fields, type Resource } from './resource.ts'

export const LOCATION = 'europe-west2'

export interface Lifecycle {
  resource: Resource
  /** What a title says beside the type of the resource. */
  about?: string
  /** Creates what the resource stands on, and resolves with its name, or that of its parent where the server names it. */
  prepare(provider: Provider): Promise<string>
  /** The first one, and each change of it. */
  configurations(project: string): Fields[]
  /** What the API has of it after it was destroyed, undefined for fields that must be gone. Without, nothing is left. */
  left?: Fields
}

export const titleOf = ({ resource: { type }, about }: Lifecycle) => (about ? `${type} ${about}` : type)

export const locationOf = ({ project }: Provider) => `projects/${project}/locations/${LOCATION}`

export const ring = async (provider: Provider) =>
  (await create(provider, keyRing, `${locationOf(provider)}/keyRings/ring`, {})).id

export const key = async (provider: Provider, configuration: Fields = SIGNING_KEY) =>
  (await create(provider, cryptoKey, `${await ring(provider)}/cryptoKeys/key`, configuration)).id

export const ATTESTATION_NOTE = { attestation: { hint: { humanReadableName: 'built by us' } } }

export const attestationNote = async (provider: Provider) =>
  (await create(provider, note, `projects/${provider.project}/notes/built`, ATTESTATION_NOTE)).id

export const SIGNING_KEY = {
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' },
  labels: ATTRIBUTION,
}

/** In PEM, as a configuration reads it from a file. */
const newPublicKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString()

const [PEM, OTHER_PEM] = [newPublicKey(), newPublicKey()]

const REQUIRE_ATTESTATION = {
  evaluationMode: 'REQUIRE_ATTESTATION',
  enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
}

export const ALWAYS_DENY = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }

const signature = (text: string) => Buffer.from(text).toString('base64')

export const LIFECYCLES: Lifecycle[] = [
  {
    resource: keyRing,
    prepare: async (provider) => `${locationOf(provider)}/keyRings/ring`,
    configurations: () => [{}],
    left: {},
  },
  {
    resource: cryptoKey,
    about: 'that signs',
    prepare: async (provider) => `${await ring(provider)}/cryptoKeys/signer`,
    configurations: () => [
      { ...SIGNING_KEY, labels: { ...ATTRIBUTION, team: 'build', stage: 'test' } },
      { ...SIGNING_KEY, labels: { ...ATTRIBUTION, team: 'release' } },
      { ...SIGNING_KEY, versionTemplate: { algorithm: 'EC_SIGN_P384_SHA384', protectionLevel: 'SOFTWARE' } },
    ],
    left: { purpose: 'ASYMMETRIC_SIGN' },
  },
  {
    resource: cryptoKey,
    about: 'that encrypts and rotates',
    prepare: async (provider) => `${await ring(provider)}/cryptoKeys/cipher`,
    configurations: () =>
      ['7776000s', '86400s'].map((rotationPeriod) => ({ purpose: 'ENCRYPT_DECRYPT', rotationPeriod, labels: ATTRIBUTION })),
    // nothing rotates any more
    left: { purpose: 'ENCRYPT_DECRYPT', rotationPeriod: undefined, nextRotationTime: undefined },
  },
  {
    resource: cryptoKeyVersion,
    prepare: (provider) => key(provider),
    configurations: () => [{}, { state: 'DISABLED' }, { state: 'ENABLED' }],
    left: { state: 'DESTROY_SCHEDULED' },
  },
  {
    resource: note,
    prepare: async (provider) => `projects/${provider.project}/notes/built`,
    configurations: (project) => [
      {
        ...ATTESTATION_NOTE,
        shortDescription: 'short',
        longDescription: 'long',
        relatedUrl: [
          { url: 'https://example.com/b', label: 'b' },
          { url: 'https://example.com/a', label: 'a' },
        ],
        relatedNoteNames: [`projects/${project}/notes/other`],
        expirationTime: '2120-10-31T16:41:00.450Z',
      },
      { attestation: { hint: { humanReadableName: 'of another name' } }, shortDescription: 'short', longDescription: 'longer' },
    ],
  },
  {
    resource: occurrence,
    prepare: async (provider) => {
      await attestationNote(provider)
      return `projects/${provider.project}`
    },
    configurations(project) {
      const digest = newDigest()
      const image = `${LOCATION}-docker.pkg.dev/${project}/repo/app`
      const configured = (remediation: string, ...signatures: string[]) => ({
        resourceUri: `https://${image}@${digest}`,
        noteName: `projects/${project}/notes/built`,
        remediation,
        attestation: {
          serializedPayload: signaturePayload(image, digest).toString('base64'),
          signatures: signatures.map((text) => ({ publicKeyId: 'https://example.com/key', signature: signature(text) })),
        },
      })
      return [configured('none', 'one'), configured('none', 'other'), configured('sign it again', 'other')]
    },
  },
  {
    resource: attestor,
    about: 'with keys in PKIX',
    prepare: async (provider) => {
      await attestationNote(provider)
      return `projects/${provider.project}/attestors/built`
    },
    configurations(project) {
      const pkix = (publicKeyPem: string, signatureAlgorithm: string) => ({ pkixPublicKey: { publicKeyPem, signatureAlgorithm } })
      const configured = (description: string, publicKeys: Fields[], noteReference = `projects/${project}/notes/built`) => ({
        description,
        userOwnedGrafeasNote: { noteReference, publicKeys },
      })
      const first = pkix(PEM, 'ECDSA_P256_SHA256')
      return [
        configured('one key', [first]),
        configured('two keys', [
          first,
          { id: 'https://example.com/2', comment: '2nd', ...pkix(OTHER_PEM, 'EC_SIGN_P256_SHA256') },
        ]),
        configured('', [first]),
      ]
    },
  },
  {
    resource: policy,
    prepare: async (provider) => {
      await attestationNote(provider)
      const userOwnedGrafeasNote = {
        noteReference: `projects/${provider.project}/notes/built`,
        publicKeys: [{ pkixPublicKey: { publicKeyPem: PEM, signatureAlgorithm: 'ECDSA_P256_SHA256' } }],
      }
      await create(provider, attestor, `projects/${provider.project}/attestors/built`, { userOwnedGrafeasNote })
      return `projects/${provider.project}/policy`
    },
    configurations(project) {
      const requireAttestationsBy = [`projects/${project}/attestors/built`]
      return [
        { defaultAdmissionRule: { ...REQUIRE_ATTESTATION, requireAttestationsBy }, globalPolicyEvaluationMode: 'ENABLE' },
        {
          description: 'by cluster',
          defaultAdmissionRule: ALWAYS_DENY,
          globalPolicyEvaluationMode: 'DISABLE',
          admissionWhitelistPatterns: [{ namePattern: 'gcr.io/google_containers/*' }, { namePattern: 'example.com/base/**' }],
          clusterAdmissionRules: {
            'europe-west2.prod': { ...REQUIRE_ATTESTATION, requireAttestationsBy },
            'us-central1-a.test': { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'DRYRUN_AUDIT_LOG_ONLY' },
          },
        },
        { defaultAdmissionRule: ALWAYS_DENY },
      ]
    },
    left: DESTROYED_POLICY,
  },
  {
    resource: repository,
    prepare: async (provider) => `${locationOf(provider)}/repositories/repo`,
    configurations: () => [
      { format: 'DOCKER', mode: 'STANDARD_REPOSITORY', labels: { ...ATTRIBUTION, team: 'build' } },
      {
        format: 'DOCKER',
        mode: 'STANDARD_REPOSITORY',
        description: 'images',
        dockerConfig: { immutableTags: true },
        cleanupPolicyDryRun: true,
        cleanupPolicies: { old: { id: 'old', action: 'DELETE', condition: { tagState: 'UNTAGGED', olderThan: '604800s' } } },
        labels: ATTRIBUTION,
      },
      { format: 'DOCKER', mode: 'STANDARD_REPOSITORY', dockerConfig: { immutableTags: false }, labels: ATTRIBUTION },
    ],
  },
]
