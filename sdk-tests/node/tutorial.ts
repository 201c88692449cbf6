// The tutorial of Binary Authorization as a program (https://cloud.google.com/binary-authorization/docs/making-attestations): from a key
// ring to a Pod that is let in. Its arguments are a Connection as JSON and the project; it prints what it has seen as JSON.
import { createHash, verify } from 'node:crypto'
import { CLUSTER, pod, podReview } from '../admission.ts'
import { newDigest, REPOSITORY, requireAttestors, signaturePayload } from '../attestations.ts'
import { type Connection, createClients } from './clients.ts'
import { crc32c } from './crc32c.ts'

const [, , options = '{}', project = ''] = process.argv
const connection: Connection = JSON.parse(options)
const { kms, containerAnalysis, binaryAuthorization } = createClients(connection)
const grafeas = containerAnalysis.getGrafeasClient()

// a key
const parent = kms.locationPath(project, CLUSTER.location)
const [keyRing] = await kms.createKeyRing({ parent, keyRingId: 'ring' })
const [cryptoKey] = await kms.createCryptoKey({
  parent: keyRing.name,
  cryptoKeyId: 'signer',
  cryptoKey: { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' } },
})
const version = `${cryptoKey.name}/cryptoKeyVersions/1`
while ((await kms.getCryptoKeyVersion({ name: version }))[0].state !== 'ENABLED')
  await new Promise((resolve) => setTimeout(resolve, 50))
const [{ pem }] = await kms.getPublicKey({ name: version })

// who attests, and the rule that wants it
const publicKeyId = `//cloudkms.googleapis.com/v1/${version}`
const [note] = await grafeas.createNote({
  parent: grafeas.projectPath(project),
  noteId: 'attestor',
  note: { attestation: { hint: { humanReadableName: 'attestor' } } },
})
const { data: attestor } = await binaryAuthorization.projects.attestors.create({
  parent: `projects/${project}`,
  attestorId: 'attestor',
  requestBody: {
    userOwnedGrafeasNote: {
      noteReference: note.name,
      publicKeys: [{ id: publicKeyId, pkixPublicKey: { publicKeyPem: pem, signatureAlgorithm: 'ECDSA_P256_SHA256' } }],
    },
  },
})
const name = `projects/${project}/policy`
await binaryAuthorization.projects.updatePolicy({
  name,
  requestBody: { name, defaultAdmissionRule: requireAttestors(attestor.name) },
})

/** The response of the webhook to a Pod with this image. */
async function admit(image: string) {
  const path = `/admission/projects/${project}/locations/${CLUSTER.location}/clusters/${CLUSTER.cluster}`
  const answer = await fetch(process.env.BINAUTHZ_EMULATOR_URL + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(podReview(pod(image))),
  })
  const { response } = (await answer.json()) as any
  return { allowed: response.allowed, message: response.status?.message }
}

// an attestation of one image
const digest = newDigest()
const image = `${REPOSITORY}@${digest}`
const before = await admit(image)
const payload = signaturePayload(REPOSITORY, digest)
const sha256 = createHash('sha256').update(payload).digest()
const [signed] = await kms.asymmetricSign({ name: version, digest: { sha256 }, digestCrc32c: crc32c(sha256) })
const [occurrence] = await grafeas.createOccurrence({
  parent: grafeas.projectPath(project),
  occurrence: {
    noteName: note.name,
    resourceUri: image,
    attestation: { serializedPayload: payload, signatures: [{ publicKeyId, signature: signed.signature }] },
  },
})

const after = await admit(image)
const other = await admit(`${REPOSITORY}@${newDigest()}`)
// over gRPC always: over REST this library cannot read audit entries, not even Google's, since it lacks the type of their payload
const { logging } = createClients({ ...connection, fallback: false })
const [entries] = await logging(project).getEntries({ filter: 'protoPayload.methodName="io.k8s.core.v1.pods.create"' })
process.stdout.write(
  JSON.stringify({
    image,
    occurrence: { kind: occurrence.kind, noteName: occurrence.noteName, resourceUri: occurrence.resourceUri },
    verifies: verify('sha256', payload, pem, signed.signature),
    integrity: [signed.name, signed.verifiedDigestCrc32c, signed.signatureCrc32c.value === crc32c(signed.signature).value],
    before,
    after,
    other,
    entries: entries.length,
  }),
)
