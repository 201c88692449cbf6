// `npm run demo`: the whole story in a terminal. It starts an emulator of its own and talks to it as any client would.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const PROJECT = 'my-app-prod'
const RING = `projects/${PROJECT}/locations/europe-west2/keyRings/demo`
const REPOSITORY = `europe-west2-docker.pkg.dev/${PROJECT}/images/shop`

const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR
const colour = (code: number) => (text: string) => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text)
const [bold, dim, red, green, yellow] = [1, 2, 31, 32, 33].map(colour) as [
  typeof String,
  typeof String,
  typeof String,
  typeof String,
  typeof String,
]

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const imageOf = (digest: string) => `${REPOSITORY}@${digest}`

const emulator = spawn(
  process.execPath,
  ['bin/binauthz-emulator.js', 'start', '--port', '0', '--no-seed', '--log-level', 'error'],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
const [url] = (await once(createInterface({ input: emulator.stdout }), 'line')) as [string]

async function call(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(url + path, { method, body: body === undefined ? undefined : JSON.stringify(body) })
  const answer: any = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.error?.message ?? JSON.stringify(answer)}`)
  return answer
}

function chapter(title: string, ...lines: string[]) {
  console.log(`\n${bold(title)}`)
  for (const line of lines) console.log(dim(`  ${line}`))
}

/** Makes a P-256 key in Cloud KMS, a note and an attestor that trusts the key. */
async function makeAttestor(id: string) {
  await call('POST', `/v1/${RING}/cryptoKeys?cryptoKeyId=${id}`, {
    purpose: 'ASYMMETRIC_SIGN',
    versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' },
  })
  const version = `${RING}/cryptoKeys/${id}/cryptoKeyVersions/1`
  const { pem } = await call('GET', `/v1/${version}/publicKey`)
  const note = `projects/${PROJECT}/notes/${id}`
  await call('POST', `/v1/projects/${PROJECT}/notes?noteId=${id}`, { attestation: { hint: { humanReadableName: id } } })
  const keyId = `//cloudkms.googleapis.com/v1/${version}`
  await call('POST', `/v1/projects/${PROJECT}/attestors?attestorId=${id}`, {
    userOwnedGrafeasNote: {
      noteReference: note,
      publicKeys: [{ id: keyId, pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }],
    },
  })
  return { name: `projects/${PROJECT}/attestors/${id}`, note, version, keyId }
}

type Attestor = Awaited<ReturnType<typeof makeAttestor>>

/** Signs the payload for `digest` in Cloud KMS, and attaches it to the note for `resource`. */
async function attest({ note, version, keyId }: Attestor, digest: string, { by = version, resource = digest } = {}) {
  const payload = `${JSON.stringify(
    {
      critical: {
        identity: { 'docker-reference': REPOSITORY },
        image: { 'docker-manifest-digest': digest },
        type: 'Google cloud binauthz container signature',
      },
    },
    null,
    2,
  )}\n`
  const sha256 = createHash('sha256').update(payload).digest('base64')
  const { signature } = await call('POST', `/v1/${by}:asymmetricSign`, { digest: { sha256 } })
  await call('POST', `/v1/projects/${PROJECT}/occurrences`, {
    noteName: note,
    resourceUri: `https://${imageOf(resource)}`,
    attestation: { serializedPayload: Buffer.from(payload).toString('base64'), signatures: [{ publicKeyId: keyId, signature }] },
  })
}

/** Asks the webhook for a Pod with the image, and prints the answer and the reason. */
async function deploy(what: string, image: string, labels: Record<string, string> = {}) {
  const { response } = await call('POST', `/admission/projects/${PROJECT}/locations/europe-west2/clusters/prod`, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: what,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      namespace: 'default',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'shop', labels },
        spec: { containers: [{ name: 'shop', image }] },
      },
    },
  })
  const { decisions } = await call('GET', '/_emulator/decisions?limit=1')
  const { verdict, images } = decisions[0]
  const mark = {
    ALLOWED: green('allowed    '),
    DENIED: red('denied     '),
    DRY_RUN: yellow('dry run    '),
    BREAK_GLASS: yellow('break-glass'),
  }
  console.log(`  ${mark[verdict as keyof typeof mark]} ${what}`)
  const rule = images[0].steps.at(-1)
  if (images[0].allowed) return
  const attestor = rule.attestors?.find(({ result }: any) => result === 'NOT_SATISFIED')
  const why = [rule.code, attestor?.code].filter((code, index, all) => code && all.indexOf(code) === index).join(' › ')
  console.log(dim(`              ${(response.status?.message ?? decisions[0].message).split(': ').at(-1)}`))
  console.log(dim(`              ${why}: ${attestor?.why ?? rule.why ?? ''}`))
}

const setRule = (requireAttestationsBy: string[], enforcementMode = 'ENFORCED_BLOCK_AND_AUDIT_LOG') =>
  call('PUT', `/v1/projects/${PROJECT}/policy`, {
    globalPolicyEvaluationMode: 'ENABLE',
    defaultAdmissionRule: { evaluationMode: 'REQUIRE_ATTESTATION', enforcementMode, requireAttestationsBy },
  })

try {
  chapter(
    '1. Sign, attest, require',
    'Cloud KMS signs the image digest, Container Analysis keeps the attestation, the policy asks for it.',
  )
  await call('POST', `/v1/projects/${PROJECT}/locations/europe-west2/keyRings?keyRingId=demo`)
  const scanned = await makeAttestor('scanned')
  const other = await makeAttestor('somebody-else')
  await setRule([scanned.name])
  const good = digestOf('shop 1.0')
  await attest(scanned, good)
  await deploy('the attested image', imageOf(good))
  await deploy('the same digest, copied to another registry', `gcr.io/mirror/shop@${good}`)

  chapter('2. What must not run', 'Each is denied in the words of GKE; below them the step that failed, from the decision tree.')
  await deploy('an image without attestation', imageOf(digestOf('shop 2.0')))
  await deploy('the attested image by its tag', `${REPOSITORY}:1.0`)
  const wrongKey = digestOf('shop 3.0')
  await attest(scanned, wrongKey, { by: other.version })
  await deploy('an attestation signed with another key', imageOf(wrongKey))
  const swapped = digestOf('shop 4.0')
  await attest(scanned, good, { resource: swapped })
  await deploy('the attestation of another digest, moved here', imageOf(swapped))
  await setRule([scanned.name, other.name])
  await deploy('an image that one of two attestors has attested', imageOf(good))

  chapter('3. Dry run and break-glass', 'What they let in is written down with what it overrode.')
  await setRule([scanned.name], 'DRYRUN_AUDIT_LOG_ONLY')
  await deploy('no attestation, under a dry-run rule', imageOf(digestOf('shop 2.0')))
  await setRule([scanned.name])
  await deploy('no attestation, with the break-glass label', imageOf(digestOf('shop 2.0')), {
    'image-policy.k8s.io/break-glass': 'true',
  })

  chapter(
    '4. The audit log',
    'gcloud logging read finds these entries with the filters of the Binary Authorization documentation.',
  )
  const { entries } = await call('POST', '/v2/entries:list', {
    resourceNames: [`projects/${PROJECT}`],
    filter: 'resource.type="k8s_cluster" logName:"cloudaudit.googleapis.com%2Factivity"',
    orderBy: 'timestamp asc',
  })
  for (const { timestamp, protoPayload, labels = {} } of entries) {
    const flag = ['dry-run', 'break-glass'].find((name) => labels[`imagepolicywebhook.image-policy.k8s.io/${name}`]) ?? ''
    const outcome = protoPayload.response?.reason ?? (flag || 'allowed')
    console.log(`  ${timestamp.slice(11, 23)}  ${protoPayload.methodName}  ${outcome}`)
  }
  console.log(`\n${dim('npm start serves this on http://127.0.0.1:9080; docs/gcloud.md does the same with gcloud.')}`)
} finally {
  emulator.kill()
}
