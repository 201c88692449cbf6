// A program that writes to an emulator until that dies. What was acknowledged it appends to a file, one JSON object a line, once the 200 is
// there: `node writer.ts URL FILE PREFIX`.
import { appendFileSync } from 'node:fs'
import type { Acknowledged } from './acknowledged.ts'

const WRITERS = 6
const DIGEST = `sha256:${'5'.repeat(64)}`

/** What a client does in a project, in steps that each do something new for another `i`. */
function client(url: string, project: string, keep: (what: Acknowledged) => void) {
  const parent = `/v1/projects/${project}`
  const name = (path: string) => path.slice('/v1/'.length)

  async function call(method: string, path: string, body?: unknown) {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const answer = await fetch(url + path, { method, body: text, headers: { 'content-type': 'application/json' } })
    const content: any = await answer.json()
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(content)}`)
    return content
  }

  async function create(collection: string, id: string, body: object) {
    const kind = collection.slice(collection.lastIndexOf('/') + 1, -1)
    const content = await call('POST', `${collection}?${kind}Id=${id}`, body)
    keep({ get: `${collection}/${id}`, content })
  }

  const note = { attestation: { hint: { humanReadableName: 'Écrit' } } }
  const steps: ((i: number) => Promise<void>)[] = [
    (i) => create(`${parent}/notes`, `note-${i}`, note),
    async (i) => {
      const attestation = { serializedPayload: Buffer.from(`payload ${i}`).toString('base64') }
      const noteName = name(`${parent}/notes/kept`)
      const content = await call('POST', `${parent}/occurrences`, {
        noteName,
        resourceUri: `example.com/a@${DIGEST}`,
        attestation,
      })
      keep({ get: `/v1/${content.name}`, content })
    },
    (i) =>
      create(`${parent}/attestors`, `attestor-${i}`, { userOwnedGrafeasNote: { noteReference: name(`${parent}/notes/kept`) } }),
    async (serial) => {
      const defaultAdmissionRule = { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' }
      const policy = { name: name(`${parent}/policy`), description: String(serial), defaultAdmissionRule }
      keep({ get: `${parent}/policy`, content: await call('PUT', `${parent}/policy`, policy), serial })
    },
    async (serial) => {
      const bindings = [{ role: 'roles/viewer', members: [`user:change-${serial}@example.com`] }]
      const content = await call('POST', `${parent}/attestors/kept:setIamPolicy`, { policy: { bindings } })
      keep({ get: `${parent}/attestors/kept:getIamPolicy`, content, serial })
    },
    (i) => create(`${parent}/locations/global/keyRings`, `ring-${i}`, {}),
    async (i) => {
      const keys = `${parent}/locations/global/keyRings/kept/cryptoKeys`
      const versionTemplate = { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' }
      const key = await call('POST', `${keys}?cryptoKeyId=key-${i}`, { purpose: 'ASYMMETRIC_SIGN', versionTemplate })
      keep({ get: `${keys}/key-${i}`, content: key })
      const version = `${keys}/key-${i}/cryptoKeyVersions/1`
      while ((await call('GET', version)).state === 'PENDING_GENERATION') await new Promise((resolve) => setTimeout(resolve, 1))
      keep({ get: version, content: await call('GET', version) })
      keep({ get: `${version}/publicKey`, content: await call('GET', `${version}/publicKey`) })
    },
    async () => {
      const request = { uid: crypto.randomUUID(), kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE' }
      const object = { metadata: { name: 'app' }, spec: { containers: [{ name: 'app', image: `example.com/a@${DIGEST}` }] } }
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { ...request, object } }
      const { response } = await call('POST', `/admission/projects/${project}/locations/global/clusters/prod`, review)
      keep({ project, decision: { uid: response.uid, allowed: response.allowed } })
    },
    async (i) => {
      await call('POST', `${parent}/notes?noteId=gone-${i}`, note)
      await call('DELETE', `${parent}/notes/gone-${i}`)
      keep({ gone: `${parent}/notes/gone-${i}` })
    },
  ]

  async function prepare() {
    await create(`${parent}/notes`, 'kept', note)
    await create(`${parent}/attestors`, 'kept', { userOwnedGrafeasNote: { noteReference: name(`${parent}/notes/kept`) } })
    await create(`${parent}/locations/global/keyRings`, 'kept', {})
  }

  return { prepare, steps }
}

/** Writes in the order of the steps, beginning at one of its own, until a request is not answered. */
async function write(url: string, file: string, project: string, first: number) {
  const { prepare, steps } = client(url, project, (what) => appendFileSync(file, `${JSON.stringify(what)}\n`))
  try {
    await prepare()
    for (let i = 0; ; i++) for (const at of steps.keys()) await steps[(at + first) % steps.length]!(i)
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error // fetch, or the JSON of an answer that broke off
  }
}

const [url, file, prefix] = process.argv.slice(2)
await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(url!, file!, `${prefix}-${i}`, i)))
