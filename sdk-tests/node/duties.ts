// Every step from a signature to a deployment with Google's client libraries for Node, as whoever the environment says. Its arguments are the
// project and the image; it prints what became of each step as JSON: null where it succeeded, else the message of the error.
import { createRequire } from 'node:module'
import { signaturePayload } from '../attestations.ts'
import { createClients } from './clients.ts'

const [, , project = '', image = ''] = process.argv
const { kms, containerAnalysis, binaryAuthorization, logging } = createClients({})
const { google } = createRequire(import.meta.url)('googleapis')
const run = google.run({
  version: 'v2',
  auth: new google.auth.GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }),
})

const location = `projects/${project}/locations/europe-west2`
const version = `${location}/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1`
const [repository, digest] = image.split('@') as [string, string]
const serializedPayload = signaturePayload(repository, digest)
/** Of whoever may not sign: no signature at all. */
let signature: Uint8Array = Buffer.from('none')

const steps = {
  async sign() {
    signature = (await kms.asymmetricSign({ name: version, data: serializedPayload }))[0].signature
  },
  attest: () =>
    containerAnalysis.getGrafeasClient().createOccurrence({
      parent: `projects/${project}`,
      occurrence: {
        noteName: `projects/${project}/notes/built-by-ci`,
        resourceUri: image,
        attestation: { serializedPayload, signatures: [{ publicKeyId: `//cloudkms.googleapis.com/v1/${version}`, signature }] },
      },
    }),
  async deploy() {
    const serviceAccount = `runtime@${project}.iam.gserviceaccount.com`
    const requestBody = { binaryAuthorization: { useDefault: true }, template: { containers: [{ image }], serviceAccount } }
    await run.projects.locations.services.create({ parent: location, serviceId: 'by-node', requestBody })
    const { data } = await run.projects.locations.services.get({ name: `${location}/services/by-node` })
    if (data.terminalCondition.state !== 'CONDITION_SUCCEEDED') throw new Error(data.terminalCondition.message)
  },
  readLogs: () => logging(project).getEntries({ filter: 'log_id("cloudaudit.googleapis.com/activity")', pageSize: 1 }),
  changePolicy: () =>
    binaryAuthorization.projects.updatePolicy({
      name: `projects/${project}/policy`,
      requestBody: { name: `projects/${project}/policy`, defaultAdmissionRule: { evaluationMode: 'ALWAYS_ALLOW' } },
    }),
}

const seen: Record<string, string | null> = {}
for (const [name, step] of Object.entries(steps))
  seen[name] = await Promise.resolve(step()).then(
    () => null,
    (error) => error.details ?? error.message, // gRPC has its code in front of the message
  )
process.stdout.write(JSON.stringify(seen))
