import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'
import { attested, EC_KEY, ecSigned, payloadOf } from '../../testing/hostile/row.ts'

const digest = `sha256:${createHash('sha256').update('app').digest('hex')}`
const attestation = attested('urn:ec', payloadOf(digest), ecSigned(payloadOf(digest)))
const NOTE = 'projects/validate-1/notes/note'
const ATTESTOR = 'projects/validate-1/attestors/attestor'
const BINAUTHZ = 'google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1'

describeTransports('validateAttestationOccurrence', (emulator) => {
  const create = (attestorId: string, publicKeys: object[]) =>
    emulator().call('binaryauthorization.v1', `${BINAUTHZ}/CreateAttestor`, {
      parent: 'projects/validate-1',
      attestorId,
      attestor: { userOwnedGrafeasNote: { noteReference: NOTE, publicKeys } },
    })

  const validate = (change: object = {}, version = 'v1') =>
    emulator().call(
      `binaryauthorization.${version}`,
      `google.cloud.binaryauthorization.${version}.ValidationHelper${version
        .replace(/^v./, (v) => v.toUpperCase())
        .replace('beta', 'Beta')
        .replace('alpha', 'Alpha')}/ValidateAttestationOccurrence`,
      {
        attestor: ATTESTOR,
        attestation,
        occurrenceNote: NOTE,
        occurrenceResourceUri: `https://gcr.io/p/app@${digest}`,
        ...change,
      },
    )

  const no = (denialReason: string | RegExp) => ({
    result: 'ATTESTATION_NOT_VERIFIABLE',
    denialReason: expect.stringMatching(denialReason),
  })

  test('an attestation that admission would count is VERIFIED, although no note or occurrence exists', async () => {
    await create('attestor', [EC_KEY])
    for (const version of ['v1', 'v1beta1', 'v1alpha2'])
      expect(await validate({}, version), version).toEqual({ result: 'VERIFIED' })
  })

  test.each(['http://gcr.io/p/app@', 'gcr.io/p/app@', 'localhost:5000/app:tag@', 'oci://user@registry/app@', 'anything at all@'])(
    'the resource "%s<digest>" names its digest, as in admission',
    async (prefix) => {
      expect(await validate({ occurrenceResourceUri: prefix + digest })).toEqual({ result: 'VERIFIED' })
    },
  )

  test('the note may be named by the number of its project, as in an occurrence', async () => {
    const { userOwnedGrafeasNote } = await emulator().call('binaryauthorization.v1', `${BINAUTHZ}/GetAttestor`, {
      name: ATTESTOR,
    })
    const number = /\d+/.exec(userOwnedGrafeasNote.delegationServiceAccountEmail)![0]
    expect(await validate({ occurrenceNote: `projects/${number}/notes/note` })).toEqual({ result: 'VERIFIED' })
  })

  test('a resource without digest, another note, or none of the keys is a result, not an error', async () => {
    for (const uri of ['https://gcr.io/p/app:1', 'gcr.io/p/app@sha256:abc', `gcr.io/p/app@${digest}0`, `${digest}`])
      expect(await validate({ occurrenceResourceUri: uri }), uri).toEqual(
        no('^Expected digest with sha256 scheme, but got tag or malformed digest$'),
      )
    for (const occurrenceNote of ['projects/validate-1/notes/other', 'projects/validate-2/notes/note', 'note'])
      expect(await validate({ occurrenceNote }), occurrenceNote).toEqual(no(`attached to ${occurrenceNote}`))
    await create('without-keys', [])
    expect(await validate({ attestor: 'projects/validate-1/attestors/without-keys' })).toEqual(no('no public key'))
    expect(await validate({ attestation: { ...attestation, signatures: [] } })).toEqual(no('no signature'))
  })

  test('what is missing, and an attestor that does not exist, are errors', async () => {
    for (const field of ['attestation', 'occurrenceNote', 'occurrenceResourceUri'])
      await expect(validate({ [field]: undefined }), field).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(validate({ attestor: 'projects/validate-1/attestors/none' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
