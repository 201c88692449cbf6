// What a seed file may hold, and the calls that make it: seed/demo.yaml shows every form.
import { addGroup } from './access/groups.ts'
import type { Context } from './core/service.ts'
import { entries, fields, items, memberOf, object, type SeedValue, seedError, text } from './seed-value.ts'
import { registerImage } from './services/artifactregistry/index.ts'
import { createCryptoKeyFromPem } from './services/kms/index.ts'

const KMS = 'google.cloud.kms.v1.KeyManagementService'
const GRAFEAS = 'grafeas.v1.Grafeas'
const ARTIFACT_REGISTRY = 'google.devtools.artifactregistry.v1.ArtifactRegistry'
const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'

/** The order of replay, over all projects: what is named by others comes first, wherever the file has it. */
const PHASES = [
  ...([
    'groups',
    'services',
    'serviceAccounts',
    'keyRings',
    'cryptoKeys',
    'notes',
    'repositories',
    'virtualRepositories',
    'images',
  ] as const),
  ...(['attestors', 'attestations', 'policy', 'iamPolicies'] as const),
] as const

/** Calls an RPC, or `run` in its place under the same rules; a refusal becomes a mistake at that place of the seed. */
export type SeedCall = (
  at: SeedValue,
  api: string,
  method: string,
  request: object,
  run?: (request: any, ctx: Context) => unknown,
) => Promise<any>

/** Runs an operation that is no RPC, in the same way. */
export type SeedOperation = (at: SeedValue, operation: (request: any, ctx: Context) => unknown, request: object) => Promise<any>

export interface SeedStep {
  phase: (typeof PHASES)[number]
  at: SeedValue
  run(call: SeedCall, operate: SeedOperation): Promise<unknown>
}

type Section = (at: SeedValue, project: string) => SeedStep[]

/** What a project may have. */
const SECTIONS: Record<string, Section> = {
  services,
  serviceAccounts,
  keyRings,
  notes,
  repositories,
  images,
  attestors,
  attestations,
  policy,
  iamPolicies,
}

/** All steps of a seed, in the order of replay, and the projects that it names. Throws StartError for what is no seed. */
export function seedSteps(seed: SeedValue): { projects: SeedValue[]; steps: SeedStep[] } {
  const { projects: named, groups: grouped } = fields(seed, ['projects', 'groups'], ['projects'])
  const projects = entries(named!).map(([, at]) => at)
  const steps = projects.flatMap((at) => {
    fields(at, Object.keys(SECTIONS))
    return entries(at).flatMap(([name, section]) => SECTIONS[name]!(section, keyOf(at)))
  })
  if (grouped) steps.push(...groups(grouped))
  return { projects, steps: PHASES.flatMap((phase) => steps.filter((step) => step.phase === phase)) }
}

function serviceAccounts(at: SeedValue, project: string): SeedStep[] {
  return items(at).map((id) => {
    const request = { name: `projects/${project}`, accountId: text(id) }
    return step('serviceAccounts', id, (call) => call(id, 'iam.v1', 'google.iam.admin.v1.IAM/CreateServiceAccount', request))
  })
}

/** Address of a group → its members. */
function groups(at: SeedValue): SeedStep[] {
  return entries(at).map(([email, members]) =>
    step('groups', members, (_call, operate) => operate(members, addGroup, { email, members: items(members).map(text) })),
  )
}

function services(at: SeedValue, project: string): SeedStep[] {
  return items(at).map((service) => {
    const request = { name: `projects/${project}/services/${text(service)}` }
    return step('services', service, (call) =>
      call(service, 'serviceusage.v1', 'google.api.serviceusage.v1.ServiceUsage/EnableService', request),
    )
  })
}

/** `europe-west2/ring`, the key of a mapping. */
function locatedId(id: string, at: SeedValue, what: string, form: string): [location: string, id: string] {
  const [location, resourceId, ...rest] = id.split('/')
  if (!location || !resourceId || rest.length > 0) throw seedError(at, `the name of a ${what} here is LOCATION/${form}.`)
  return [location, resourceId]
}

function keyRings(at: SeedValue, project: string): SeedStep[] {
  return entries(at).flatMap(([id, ring]) => {
    const [location, keyRingId] = locatedId(id, ring, 'key ring', 'KEY_RING')
    const parent = `projects/${project}/locations/${location}`
    const { cryptoKeys } = fields(ring, ['cryptoKeys'])
    return [
      step('keyRings', ring, (call) => call(ring, 'cloudkms.v1', `${KMS}/CreateKeyRing`, { parent, keyRingId })),
      ...(cryptoKeys ? entries(cryptoKeys) : []).map(([cryptoKeyId, key]) =>
        cryptoKey(key, { parent: `${parent}/keyRings/${keyRingId}`, cryptoKeyId }),
      ),
    ]
  })
}

function cryptoKey(at: SeedValue, name: { parent: string; cryptoKeyId: string }): SeedStep {
  const { privateKeyPem, ...cryptoKey } = object(at)
  const pem = privateKeyPem !== undefined && text(memberOf(at, 'privateKeyPem')!)
  const run = pem ? (request: object, ctx: Context) => createCryptoKeyFromPem(request, pem, ctx) : undefined
  return step('cryptoKeys', at, (call) => call(at, 'cloudkms.v1', `${KMS}/CreateCryptoKey`, { ...name, cryptoKey }, run))
}

function notes(at: SeedValue, project: string): SeedStep[] {
  return entries(at).map(([noteId, note]) => {
    const request = { parent: `projects/${project}`, noteId, note: object(note) }
    return step('notes', note, (call) => call(note, 'containeranalysis.v1', `${GRAFEAS}/CreateNote`, request))
  })
}

function repositories(at: SeedValue, project: string): SeedStep[] {
  return entries(at).map(([id, repository]) => {
    const [location, repositoryId] = locatedId(id, repository, 'repository', 'REPOSITORY')
    const request = { parent: `projects/${project}/locations/${location}`, repositoryId, repository: object(repository) }
    const isVirtual = memberOf(repository, 'mode')?.value === 'VIRTUAL_REPOSITORY' // its upstreams must be there
    return step(isVirtual ? 'virtualRepositories' : 'repositories', repository, (call) =>
      call(repository, 'artifactregistry.v1', `${ARTIFACT_REGISTRY}/CreateRepository`, request),
    )
  })
}

function images(at: SeedValue): SeedStep[] {
  return items(at).map((image) => step('images', image, (_call, operate) => operate(image, registerImage, object(image))))
}

function attestors(at: SeedValue, project: string): SeedStep[] {
  return entries(at).map(([attestorId, attestor]) => {
    const { description, note, publicKeys } = fields(attestor, ['description', 'note', 'publicKeys'], ['note'])
    const noteReference = fullName(text(note!), `projects/${project}/notes`)
    const keys = (publicKeys ? items(publicKeys) : []).map((key) => publicKey(key, project))
    return step('attestors', attestor, async (call) => {
      const userOwnedGrafeasNote = { noteReference, publicKeys: [] as object[] }
      for (const key of keys) userOwnedGrafeasNote.publicKeys.push(await key(call))
      await call(attestor, 'binaryauthorization.v1', `${BINAUTHZ}/CreateAttestor`, {
        parent: `projects/${project}`,
        attestorId,
        attestor: {
          name: `projects/${project}/attestors/${attestorId}`,
          ...(description && { description: text(description) }),
          userOwnedGrafeasNote,
        },
      })
    })
  })
}

/** The API's own shape as it is; a Cloud KMS key as `gcloud … attestors public-keys add --keyversion` adds it. */
function publicKey(at: SeedValue, project: string): (call: SeedCall) => Promise<object> {
  if (!memberOf(at, 'cryptoKeyVersion')) return async () => object(at)
  const { cryptoKeyVersion, comment } = fields(at, ['cryptoKeyVersion', 'comment'])
  const name = cryptoKeyVersionName(cryptoKeyVersion!, project)
  return async (call) => {
    const { pem, algorithm } = await call(at, 'cloudkms.v1', `${KMS}/GetPublicKey`, { name })
    const signatureAlgorithm = algorithm.replace(/^EC_SIGN_/, 'ECDSA_').replace(/^RSA_SIGN_PSS_/, 'RSA_PSS_')
    return {
      id: keyId(name),
      ...(comment && { comment: text(comment) }),
      pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm },
    }
  }
}

/** As `gcloud … attestations sign-and-create` makes them. */
function attestations(at: SeedValue, project: string): SeedStep[] {
  return items(at).map((attestation) => {
    const names = ['image', 'attestor', 'cryptoKeyVersion']
    const { image, attestor, cryptoKeyVersion } = fields(attestation, names, names)
    const [, repository, digest] = IMAGE.exec(text(image!)) ?? []
    if (!repository || !digest)
      throw seedError(image!, 'an image here is REGISTRY/REPOSITORY@sha256:DIGEST, without a tag, with 64 hex digits.')
    const attestorName = fullName(text(attestor!), `projects/${project}/attestors`)
    const version = cryptoKeyVersionName(cryptoKeyVersion!, project)
    return step('attestations', attestation, async (call) => {
      const found = await call(attestor!, 'binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, { name: attestorName })
      const payload = Buffer.from(signaturePayload(repository, digest)).toString('base64')
      const request = { name: version, data: payload }
      const { signature } = await call(cryptoKeyVersion!, 'cloudkms.v1', `${KMS}/AsymmetricSign`, request)
      await call(attestation, 'containeranalysis.v1', `${GRAFEAS}/CreateOccurrence`, {
        parent: `projects/${project}`,
        occurrence: {
          kind: 'ATTESTATION',
          noteName: found.userOwnedGrafeasNote.noteReference,
          resourceUri: `${repository}@${digest}`,
          attestation: { serializedPayload: payload, signatures: [{ publicKeyId: keyId(version), signature }] },
        },
      })
    })
  })
}

const IMAGE = /^(?:https?:\/\/)?((?:[\w-]*[.:][\w.:-]*|localhost)\/[\w./-]+)@(sha256:[0-9a-f]{64})$/

/** What gcloud signs for an image, to the byte: keys sorted, two spaces, a newline at the end. */
export function signaturePayload(repository: string, digest: string): string {
  const critical = {
    identity: { 'docker-reference': repository },
    image: { 'docker-manifest-digest': digest },
    type: 'Google cloud binauthz container signature',
  }
  return `${JSON.stringify({ critical }, null, 2)}\n`
}

function policy(at: SeedValue, project: string): SeedStep[] {
  const attestorNames = (value: any): any => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(attestorNames)
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) =>
        key === 'requireAttestationsBy' && Array.isArray(child)
          ? [key, child.map((name) => (typeof name === 'string' ? fullName(name, `projects/${project}/attestors`) : name))]
          : [key, attestorNames(child)],
      ),
    )
  }
  const request = { policy: { ...attestorNames(object(at)), name: `projects/${project}/policy` } }
  return [step('policy', at, (call) => call(at, 'binaryauthorization.v1', `${BINAUTHZ}/UpdatePolicy`, request))]
}

const IAM_APIS: [RegExp, api: string, service: string][] = [
  [/^projects\/[^/]+\/locations\/[^/]+\/keyRings\//, 'cloudkms.v1', 'google.iam.v1.IAMPolicy'],
  [/^projects\/[^/]+\/locations\/[^/]+\/repositories\//, 'artifactregistry.v1', ARTIFACT_REGISTRY],
  [/^projects\/[^/]+\/(?:policy$|attestors\/)/, 'binaryauthorization.v1', 'google.iam.v1.IAMPolicy'],
  [/^projects\/[^/]+\/(?:notes|occurrences)\//, 'containeranalysis.v1', 'google.devtools.containeranalysis.v1.ContainerAnalysis'],
  [/^projects\/[^/]+\/serviceAccounts\//, 'iam.v1', 'google.iam.admin.v1.IAM'],
  [/^projects\/[^/]+$/, 'cloudresourcemanager.v1', 'google.cloudresourcemanager.v1.Projects'],
]

/** Resource name (whole, or what follows the project; `.` for the project itself) → bindings. */
function iamPolicies(at: SeedValue, project: string): SeedStep[] {
  return entries(at).map(([name, bindings]) => {
    const resource = fullName(name, `projects/${project}`)
    const [, api, service] = IAM_APIS.find(([pattern]) => pattern.test(resource)) ?? []
    if (!api) throw seedError(bindings, `${resource} has no IAM policy here.`)
    const conditional = items(bindings).some((binding) => memberOf(binding, 'condition'))
    const request = { resource, policy: { version: conditional ? 3 : 1, bindings: bindings.value } }
    return step('iamPolicies', bindings, (call) => call(bindings, api, `${service}/SetIamPolicy`, request))
  })
}

const step = (phase: SeedStep['phase'], at: SeedValue, run: SeedStep['run']): SeedStep => ({ phase, at, run })

const keyOf = ({ path }: SeedValue) => path.slice('projects.'.length)

const fullName = (name: string, parent: string) =>
  name === '.' ? parent : name.startsWith('projects/') ? name : `${parent}/${name}`

/** The id by which gcloud, and so everybody, names a Cloud KMS key in attestors and signatures. */
const keyId = (cryptoKeyVersion: string) => `//cloudkms.googleapis.com/v1/${cryptoKeyVersion}`

function cryptoKeyVersionName(at: SeedValue, project: string): string {
  const name = text(at)
  if (name.startsWith('projects/')) return name
  const [location, ring, key, version, ...rest] = name.split('/')
  if (!version || rest.length > 0)
    throw seedError(at, 'a key version here is LOCATION/KEY_RING/KEY/VERSION, or its whole name projects/….')
  return `projects/${project}/locations/${location}/keyRings/${ring}/cryptoKeys/${key}/cryptoKeyVersions/${version}`
}
