// What the measurements need in a store: a policy with two attestors, and attested images in any number.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'

export const PROJECT = 'bench-project'
export const ADMISSION = `/admission/projects/${PROJECT}/locations/europe-west2/clusters/prod`

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ATTESTORS = ['built', 'scanned']
const KEY_ID = 'bench-key'

async function post(url: string, path: string, body: unknown, method = 'POST') {
  const response = await fetch(url + path, { method, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}

const digestOf = (index: number) => `sha256:${createHash('sha256').update(`image ${index}`).digest('hex')}`
const imageOf = (index: number) => `europe-west2-docker.pkg.dev/${PROJECT}/images/app@${digestOf(index)}`

export async function makePolicy(url: string) {
  for (const id of ATTESTORS) {
    await post(url, `/v1/projects/${PROJECT}/notes?noteId=${id}`, { attestation: { hint: { humanReadableName: id } } })
    const pkixPublicKey = {
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
      signatureAlgorithm: 'ECDSA_P256_SHA256',
    }
    await post(url, `/v1/projects/${PROJECT}/attestors?attestorId=${id}`, {
      userOwnedGrafeasNote: { noteReference: `projects/${PROJECT}/notes/${id}`, publicKeys: [{ id: KEY_ID, pkixPublicKey }] },
    })
  }
  const requireAttestationsBy = ATTESTORS.map((id) => `projects/${PROJECT}/attestors/${id}`)
  const defaultAdmissionRule = {
    evaluationMode: 'REQUIRE_ATTESTATION',
    enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
    requireAttestationsBy,
  }
  await post(url, `/v1/projects/${PROJECT}/policy`, { globalPolicyEvaluationMode: 'ENABLE', defaultAdmissionRule }, 'PUT')
}

/** Attests images `from` to `to` by both attestors. With `signed: false` the signatures are fillers: rows that only take up room. */
export async function attest(url: string, from: number, to: number, { signed = true } = {}) {
  for (let at = from; at < to; at += 500) {
    const occurrences = []
    for (let index = at; index < Math.min(at + 500, to); index++) {
      const payload = `${JSON.stringify(
        {
          critical: {
            identity: { 'docker-reference': `europe-west2-docker.pkg.dev/${PROJECT}/images/app` },
            image: { 'docker-manifest-digest': digestOf(index) },
            type: 'Google cloud binauthz container signature',
          },
        },
        null,
        2,
      )}\n`
      for (const id of ATTESTORS) {
        const signature = signed
          ? sign('sha256', Buffer.from(payload), privateKey)
          : createHash('sha512').update(`${id} ${index}`).digest()
        occurrences.push({
          noteName: `projects/${PROJECT}/notes/${id}`,
          resourceUri: `https://${imageOf(index)}`,
          attestation: {
            serializedPayload: Buffer.from(payload).toString('base64'),
            signatures: [{ publicKeyId: KEY_ID, signature: signature.toString('base64') }],
          },
        })
      }
    }
    await post(url, `/v1/projects/${PROJECT}/occurrences:batchCreate`, { occurrences })
  }
}

/** An AdmissionReview as an API server sends it for a Pod of a Deployment. */
export const reviewOf = (index: number) => ({
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
        containers: [
          {
            name: 'app',
            image: imageOf(index),
            resources: {},
            imagePullPolicy: 'IfNotPresent',
            terminationMessagePath: '/dev/termination-log',
          },
        ],
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
