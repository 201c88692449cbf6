// All 18 names of PkixPublicKey.SignatureAlgorithm through the API
// (https://cloud.google.com/binary-authorization/docs/reference/rest/v1/projects.attestors#signaturealgorithm).
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './signature-algorithms.ts'

const NAMES = Object.keys(SIGNATURE_ALGORITHMS) as (keyof typeof SIGNATURE_ALGORITHMS)[]
const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'

const pems = new Map<string, string>()

/** A key that fits; made once, since RSA keys take seconds. */
function pemFor(algorithm: SignatureAlgorithm): string {
  const kind = algorithm.keyType === 'ec' ? algorithm.curve : String(algorithm.modulusLength)
  const known = pems.get(kind)
  if (known) return known
  const { publicKey } =
    algorithm.keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: algorithm.curve })
      : generateKeyPairSync('rsa', { modulusLength: algorithm.modulusLength })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  pems.set(kind, pem)
  return pem
}

const publicKeys = () =>
  NAMES.map((signatureAlgorithm) => ({
    id: `urn:${signatureAlgorithm}`,
    pkixPublicKey: { publicKeyPem: pemFor(SIGNATURE_ALGORITHMS[signatureAlgorithm]), signatureAlgorithm },
  }))

const namesOf = ({ userOwnedGrafeasNote, userOwnedDrydockNote }: any): string[] =>
  (userOwnedGrafeasNote ?? userOwnedDrydockNote).publicKeys.map(({ pkixPublicKey }: any) => pkixPublicKey.signatureAlgorithm)

/** Of several names of one number the API answers with the first, whichever was given: Terraform had a permanent difference by it
 * (https://github.com/hashicorp/terraform-provider-google/issues/8511) and compares them as equal since. */
const firstName = (name: string) => name.replace('RSA_SIGN_PSS_', 'RSA_PSS_').replace('EC_SIGN_', 'ECDSA_')

describeTransports('signature algorithms', (emulator) => {
  test('every algorithm is taken, each alias as what it stands for', async () => {
    const attestor = { userOwnedGrafeasNote: { noteReference: 'projects/algorithms-1/notes/n', publicKeys: publicKeys() } }
    const created = await emulator().call('binaryauthorization.v1', `${BINAUTHZ}/CreateAttestor`, {
      parent: 'projects/algorithms-1',
      attestorId: 'all',
      attestor,
    })
    expect(namesOf(created)).toEqual(NAMES.map(firstName))
    expect(created.userOwnedGrafeasNote.publicKeys.map(({ id }: { id: string }) => id)).toEqual(
      NAMES.map((name) => `urn:${name}`),
    )
  })

  test.each(['v1', 'v1beta1', 'v1alpha2'])('what %s answers can be written back as it is', async (version) => {
    const field = version === 'v1' ? 'userOwnedGrafeasNote' : 'userOwnedDrydockNote'
    const path = `/${version}/projects/algorithms-2/attestors`
    const note = { noteReference: 'projects/algorithms-2/notes/n', publicKeys: publicKeys() }
    const created = await emulator().http('POST', `${path}?attestorId=${version}`, { [field]: note })
    expect(namesOf(created.body)).toEqual(NAMES.map(firstName))
    const name = `/${version}/${created.body.name}`
    const written = await emulator().http('PUT', name, { ...created.body, description: 'again' })
    expect(written.body).toMatchObject({ description: 'again', [field]: created.body[field] })
    expect((await emulator().http('GET', name)).body).toEqual(written.body)
  })
})
