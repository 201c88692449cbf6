// What the measurements need in a store: a policy with attestors and attested images, both in any number.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'

export const PROJECT = 'bench-project'
export const ADMISSION = `/admission/projects/${PROJECT}/locations/europe-west2/clusters/prod`

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** Attestors of a policy where a measurement does not vary them. */
const ATTESTORS = 2
/** What occurrences:batchCreate takes at once. */
const MAX_BATCH = 1000
const KEY_ID = 'bench-key'

async function post(url: string, path: string, body: unknown, method = 'POST') {
  const response = await fetch(url + path, { method, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}

const digestOf = (index: number) => `sha256:${createHash('sha256').update(`image ${index}`).digest('hex')}`
const attestorIds = (count: number) => Array.from({ length: count }, (_, index) => `attestor-${index + 1}`)
export const imageOf = (index: number) => `europe-west2-docker.pkg.dev/${PROJECT}/images/app@${digestOf(index)}`

/** A policy that requires `count` attestors. */
export const policyOf = (count = ATTESTORS) => ({
  globalPolicyEvaluationMode: 'ENABLE',
  defaultAdmissionRule: {
    evaluationMode: 'REQUIRE_ATTESTATION',
    enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    requireAttestationsBy: attestorIds(count).map((id) => `projects/${PROJECT}/attestors/${id}`),
  },
})

/** Makes that policy, and the attestors of one key each. */
export async function makePolicy(url: string, count = ATTESTORS) {
  const ids = attestorIds(count)
  for (const id of ids) {
    await post(url, `/v1/projects/${PROJECT}/notes?noteId=${id}`, { attestation: { hint: { humanReadableName: id } } })
    const pkixPublicKey = {
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
      signatureAlgorithm: 'ECDSA_P256_SHA256',
    }
    await post(url, `/v1/projects/${PROJECT}/attestors?attestorId=${id}`, {
      userOwnedGrafeasNote: { noteReference: `projects/${PROJECT}/notes/${id}`, publicKeys: [{ id: KEY_ID, pkixPublicKey }] },
    })
  }
  await post(url, `/v1/projects/${PROJECT}/policy`, policyOf(count), 'PUT')
}

/** A P-256 key; returns the name of its version. */
export async function makeKey(url: string): Promise<string> {
  const keyRings = `/v1/projects/${PROJECT}/locations/europe-west2/keyRings`
  await post(url, `${keyRings}?keyRingId=bench`, {})
  const versionTemplate = { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' }
  await post(url, `${keyRings}/bench/cryptoKeys?cryptoKeyId=signer`, { purpose: 'ASYMMETRIC_SIGN', versionTemplate })
  return `projects/${PROJECT}/locations/europe-west2/keyRings/bench/cryptoKeys/signer/cryptoKeyVersions/1`
}

/** The attestation of an image by an attestor. With `isSigned: false` the signature is a filler: rows that only take up room. */
export function attestationOf(index: number, id = attestorIds(1)[0]!, isSigned = true) {
  const critical = {
    identity: { 'docker-reference': `europe-west2-docker.pkg.dev/${PROJECT}/images/app` },
    image: { 'docker-manifest-digest': digestOf(index) },
    type: 'Google cloud binauthz container signature',
  }
  const payload = Buffer.from(`${JSON.stringify({ critical }, null, 2)}\n`)
  const signature = isSigned ? sign('sha256', payload, privateKey) : createHash('sha512').update(`${id} ${index}`).digest()
  return {
    noteName: `projects/${PROJECT}/notes/${id}`,
    resourceUri: `https://${imageOf(index)}`,
    attestation: {
      serializedPayload: payload.toString('base64'),
      signatures: [{ publicKeyId: KEY_ID, signature: signature.toString('base64') }],
    },
  }
}

/** Attests images `from` to `to` by each of so many attestors. */
export async function attest(url: string, from: number, to: number, { signed = true, attestors = ATTESTORS } = {}) {
  const step = Math.floor(MAX_BATCH / attestors)
  for (let at = from; at < to; at += step) {
    const indices = Array.from({ length: Math.min(step, to - at) }, (_, offset) => at + offset)
    const occurrences = indices.flatMap((index) => attestorIds(attestors).map((id) => attestationOf(index, id, signed)))
    await post(url, `/v1/projects/${PROJECT}/occurrences:batchCreate`, { occurrences })
  }
}

const containerOf = (index: number, at: number) => ({
  name: at === 0 ? 'app' : `app-${at}`,
  image: imageOf(index),
  resources: {},
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
})

/** An AdmissionReview as an API server sends it for a Pod of a Deployment. Each Pod has `images` images of its own: Pod 2 of 5 images
 * has those from 10 to 14. */
export const reviewOf = (index: number, images = 1) => ({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    requestKind: { group: '', version: 'v1', kind: 'Pod' },
    requestResource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'default',
    operation: 'CREATE',
    userInfo: {
      username: 'system:serviceaccount:kube-system:replicaset-controller',
      groups: ['system:serviceaccounts', 'system:authenticated'],
    },
    object: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { generateName: 'app-7c5b9-', namespace: 'default', labels: { app: 'app', 'pod-template-hash': '7c5b9' } },
      spec: {
        containers: Array.from({ length: images }, (_, at) => containerOf(index * images + at, at)),
        restartPolicy: 'Always',
        serviceAccountName: 'default',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        schedulerName: 'default-scheduler',
      },
    },
    oldObject: null,
    dryRun: false,
  },
})
