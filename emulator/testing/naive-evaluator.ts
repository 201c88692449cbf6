// Binary Authorization once more, written from the collected facts alone and as plainly as can be: no index, no memory, every
// signature verified with node's crypto each time. It shares nothing with what it is compared to, types excepted.
import { constants, createHash, createPublicKey, verify } from 'node:crypto'
import type { components } from '../gen/binaryauthorization.v1.ts'

type Schemas = components['schemas']
type Policy = Schemas['Policy']
type Rule = Schemas['AdmissionRule']
type PublicKey = Schemas['AttestorPublicKey']
type Signature = { publicKeyId?: string; signature?: string }

/** All that there is, by name; notes with their kind. */
export interface NaiveWorld {
  policies: Map<string, Policy>
  attestors: Map<string, { note: string; keys: PublicKey[] }>
  notes: Map<string, string>
  occurrences: Map<string, { note: string; resourceUri: string; payload: string; signatures: Signature[] }>
}

export interface NaiveImage {
  image: string
  allowed: boolean
  decidedBy: 'SYSTEM_POLICY' | 'ADMISSION_WHITELIST' | 'ADMISSION_RULE'
  /** In words, and the attestors that deny, each with its reason. */
  rule?: string
  denials: [attestor: string, reason: string][]
  /** No rule can be told to apply. */
  unknown?: true
  /** All attestors of the rule have attested it. */
  attested?: true
}

export interface NaiveAnswer {
  verdict: 'ALLOWED' | 'DENIED' | 'DRY_RUN' | 'BREAK_GLASS' | 'NOT_JUDGED'
  images: NaiveImage[]
  namespace: string
  /** None in an ImageReview. */
  serviceAccount?: string
  /** The text of the denial. */
  message: string
  /** The text of what dry run or break-glass let pass. */
  overridden: string
}

// H: known are `gcr.io/google_containers/*` and `k8s.gcr.io/**`; A4 tells of others that GKE needs.
const SYSTEM_PATTERNS = [
  'gcr.io/google_containers/*',
  'k8s.gcr.io/**',
  'gcr.io/google-containers/*',
  'gke.gcr.io/**',
  'gcr.io/gke-release/*',
  'gcr.io/stackdriver-agents/*',
]

/** A4: no wildcard is an exact string; `*` does not cross `/`, `**` does. */
function matches(pattern: string, image: string): boolean {
  if (!pattern.includes('*')) return image === pattern
  const prefix = pattern.split('*')[0]!
  if (!image.startsWith(prefix)) return false
  return pattern.endsWith('**') ? true : image.slice(prefix.length).split('/').length === 1
}

/** A6: `repo@sha256:…` and `repo:tag@sha256:…`. */
function digestOf(image: string): string | undefined {
  const parts = image.split('@')
  if (parts.length !== 2 || parts[0] === '' || /\s/.test(image)) return undefined
  return /^sha256:[0-9a-f]{64}$/.test(parts[1]!) ? parts[1] : undefined
}

/** A5: blank is `ni:///sha-256;` and the unpadded base64url of SHA-256 over the DER SPKI. */
function idOf({ id, pkixPublicKey }: PublicKey): string {
  if (id) return id
  const der = createPublicKey(pkixPublicKey!.publicKeyPem!).export({ type: 'spki', format: 'der' })
  return `ni:///sha-256;${createHash('sha256').update(der).digest('base64url')}`
}

/** A5: the emulator's own authority in the id of a KMS key equals Google's. */
const comparable = (id: string) =>
  id.replace(/^\/\/(localhost|127(?:\.\d+){3}|\[::1\])(:\d+)?\/v1\/projects\//, '//cloudkms.googleapis.com/v1/projects/')

function verifies({ pkixPublicKey }: PublicKey, data: Buffer, signature: Buffer): boolean {
  const { publicKeyPem = '', signatureAlgorithm = '' } = pkixPublicKey!
  const key = createPublicKey(publicKeyPem)
  const hash = /SHA\d+/.exec(signatureAlgorithm)![0]
  try {
    if (signatureAlgorithm.includes('EC')) return verify(hash, data, { key, dsaEncoding: 'der' }, signature)
    if (signature.length * 8 !== key.asymmetricKeyDetails!.modulusLength) return false
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    return verify(hash, data, signatureAlgorithm.includes('PSS') ? { key, ...pss } : { key }, signature)
  } catch {
    return false
  }
}

/** A6: `docker-manifest-digest` of the payload, which must say it once. */
function digestOfPayload(payload: Buffer): unknown {
  const text = payload.toString('utf8')
  if (!Buffer.from(text).equals(payload)) return undefined
  for (const key of ['critical', 'image', 'docker-manifest-digest']) if (text.split(`"${key}":`).length > 2) return undefined
  try {
    return JSON.parse(text).critical.image['docker-manifest-digest']
  } catch {
    return undefined
  }
}

/** A6: over the payload as it is stored, then in PAE with the type that gcloud uses. */
function isSigned(payload: Buffer, { publicKeyId = '', signature = '' }: Signature, keys: PublicKey[], digest: string): boolean {
  const type = 'application/vnd.dev.cosign.simplesigning.v1+json'
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])
  const bytes = Buffer.from(signature, 'base64')
  if (digestOfPayload(payload) !== digest) return false
  for (const key of keys)
    if (publicKeyId !== '' && comparable(idOf(key)) === comparable(publicKeyId))
      if (verifies(key, payload, bytes) || verifies(key, pae, bytes)) return true
  return false
}

/** A3: any key of the attestor; A6: any attestation of its note for the digest, in whatever project. */
function hasAttested(world: NaiveWorld, name: string, digest: string): boolean {
  const attestor = world.attestors.get(name)!
  if (world.notes.get(attestor.note) !== 'ATTESTATION') return false
  for (const { note, resourceUri, payload, signatures } of world.occurrences.values())
    if (note === attestor.note && resourceUri.endsWith(`@${digest}`))
      for (const signature of signatures)
        if (isSigned(Buffer.from(payload, 'base64'), signature, attestor.keys, digest)) return true
  return false
}

interface Where {
  cluster: string
  namespace: string
  serviceAccount?: string
}

/** A3: the one specific rule that matches, else the default rule. Undefined: it cannot be told. */
function ruleFor(policy: Policy, { cluster, namespace, serviceAccount }: Where): [rule: Rule, words: string] | undefined {
  const accounts = policy.kubernetesServiceAccountAdmissionRules ?? {}
  if (serviceAccount === undefined && Object.keys(accounts).length > 0) return undefined
  for (const [key, rule] of Object.entries(policy.clusterAdmissionRules ?? {}))
    if (key === cluster) return [rule, `cluster admission rule for ${key}`]
  for (const [key, rule] of Object.entries(policy.kubernetesNamespaceAdmissionRules ?? {}))
    if (key === namespace) return [rule, `namespace admission rule for ${key}`]
  for (const [key, rule] of Object.entries(accounts))
    if (key === `${namespace}:${serviceAccount}`) return [rule, `service account admission rule for ${key}`]
  return [policy.defaultAdmissionRule!, 'default admission rule']
}

function judgeImage(world: NaiveWorld, policy: Policy, image: string, found: ReturnType<typeof ruleFor>): NaiveImage {
  if (policy.globalPolicyEvaluationMode === 'ENABLE' && SYSTEM_PATTERNS.some((pattern) => matches(pattern, image)))
    return { image, allowed: true, decidedBy: 'SYSTEM_POLICY', denials: [] }
  if (policy.admissionWhitelistPatterns?.some(({ namePattern }) => matches(namePattern!, image)))
    return { image, allowed: true, decidedBy: 'ADMISSION_WHITELIST', denials: [] }
  if (!found)
    return {
      image,
      allowed: false,
      decidedBy: 'ADMISSION_RULE',
      rule: 'service account admission rules',
      denials: [],
      unknown: true,
    }
  const [{ evaluationMode, requireAttestationsBy = [] }, rule] = found
  const denials: NaiveImage['denials'] = []
  const digest = digestOf(image)
  if (evaluationMode === 'REQUIRE_ATTESTATION')
    for (const name of new Set(requireAttestationsBy)) {
      if (digest === undefined) denials.push([name, 'Expected digest with sha256 scheme, but got tag or malformed digest'])
      else if (!world.attestors.has(name)) denials.push([name, 'The attestor does not exist'])
      else if (!hasAttested(world, name, digest))
        denials.push([name, 'No attestations found that were valid and signed by a key trusted by the attestor'])
    }
  const attested = evaluationMode === 'REQUIRE_ATTESTATION' && denials.length === 0
  const allowed = evaluationMode === 'ALWAYS_ALLOW' || attested
  return { image, allowed, decidedBy: 'ADMISSION_RULE', rule, denials, ...(attested && { attested }) }
}

const NOT_TOLD = 'The policy has rules for service accounts, and the review does not name one'

/** A8: the current text. */
function sentence({ image, rule, denials, unknown }: NaiveImage): string {
  const reasons = denials.map(([attestor, reason]) => `Image ${image} denied by attestor ${attestor}: ${reason}`)
  const tail = unknown ? NOT_TOLD : reasons.length > 0 ? reasons.join('. ') : 'Denied by always_deny admission rule'
  return `Image ${image} denied by Binary Authorization ${rule}. ${tail}`
}

/** A8: the legacy text. */
function olderSentence({ image, rule, denials, unknown }: NaiveImage): string {
  const reasons = denials.map(([attestor, reason]) => `Image ${image} denied by ${attestor}: ${reason}`)
  const tail = reasons.length > 0 ? `Denied by Attestor. ${reasons.join('. ')}` : 'Overridden by evaluation mode'
  return `Denied by ${rule}. ${unknown ? NOT_TOLD : tail}`
}

/** A10: overridden-verification-result. */
function overriddenLine({ image, denials, unknown }: NaiveImage): string {
  if (unknown) return `'${image}' : ${NOT_TOLD}\n`
  if (denials.length === 0) return `'${image}' : Denied by an ALWAYS_DENY admission rule\n`
  return denials.map(([attestor, reason]) => `'${image}' : Image ${image} denied by attestor ${attestor}: ${reason}\n`).join('')
}

const NOTHING: NaiveAnswer = { verdict: 'NOT_JUDGED', images: [], namespace: '', message: '', overridden: '' }

/** A8: Pods that are created or updated are judged, not what makes them; and all of their containers are. */
function read(body: any): { spec: any; where: Omit<Where, 'cluster'>; breakGlass: boolean } | undefined {
  if (body.kind === 'ImageReview') {
    const { spec } = body
    const breakGlass = spec.annotations?.['alpha.image-policy.k8s.io/break-glass'] === 'true'
    return { spec, where: { namespace: spec.namespace || 'default' }, breakGlass }
  }
  const { kind, operation, subResource, namespace, object } = body.request
  if (kind.kind !== 'Pod' || operation === 'DELETE' || operation === 'CONNECT') return undefined
  if (subResource && subResource !== 'ephemeralcontainers' && subResource !== 'resize') return undefined
  const { metadata, spec } = object
  const breakGlass =
    metadata.labels?.['image-policy.k8s.io/break-glass'] === 'true' ||
    metadata.annotations?.['alpha.image-policy.k8s.io/break-glass'] === 'true'
  const serviceAccount = spec.serviceAccountName || spec.serviceAccount || 'default'
  return { spec, where: { namespace: namespace || metadata.namespace || 'default', serviceAccount }, breakGlass }
}

/** What the webhook of a cluster (`location.clusterId`) answers to an AdmissionReview or an ImageReview. */
export function naiveAnswer(world: NaiveWorld, project: string, cluster: string, body: any): NaiveAnswer {
  const request = read(body)
  if (!request) return NOTHING
  const { spec, where, breakGlass } = request
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  const images = [...new Set(containers.map(({ image }: { image: string }) => image))]
  // A2: no project policy: everything is allowed, with globalPolicyEvaluationMode ENABLE
  const policy: Policy = world.policies.get(project) ?? {
    globalPolicyEvaluationMode: 'ENABLE',
    defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
  }
  const found = ruleFor(policy, { cluster, ...where })
  const judged = images.map((image) => judgeImage(world, policy, image, found))
  const denied = judged.filter(({ allowed }) => !allowed)
  const isDryRun = found?.[0].enforcementMode === 'DRYRUN_AUDIT_LOG_ONLY'
  const verdict = breakGlass ? 'BREAK_GLASS' : denied.length === 0 ? 'ALLOWED' : isDryRun ? 'DRY_RUN' : 'DENIED'
  const isOlder = body.kind === 'ImageReview'
  return {
    verdict,
    images: judged,
    ...where,
    message: isOlder ? denied.map(olderSentence).join('. ') : denied.map(sentence).join(' '),
    overridden: denied.map(overriddenLine).join(''),
  }
}
