// v1beta1 and v1alpha2 (whose messages are those of v1beta1) are views of v1: an attestor's note has another field name there,
// and a PKIX key no keyId of its own. Policies are the same in all versions.
import { type Context, type IoOperation, io, type Operation } from '../../core/service.ts'
import { unimplemented } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1.ts'
import type { components as v1beta1 } from '../../gen/binaryauthorization.v1beta1.ts'

type Schemas = components['schemas']
type V1Beta1 = v1beta1['schemas']
type Attestor = Schemas['Attestor']
type V1Beta1Attestor = V1Beta1['Attestor']

/** @throws UNIMPLEMENTED for a note of the legacy form `providers/…`, which these versions have and the emulator has not */
export function attestorFromV1Beta1({ userOwnedDrydockNote, ...attestor }: V1Beta1Attestor): Attestor {
  if (userOwnedDrydockNote?.noteReference?.startsWith('providers/')) throw unimplemented('A note_reference providers/*/notes/*')
  return { ...attestor, ...(userOwnedDrydockNote && { userOwnedGrafeasNote: userOwnedDrydockNote }) }
}

export function attestorToV1Beta1({ userOwnedGrafeasNote, ...attestor }: Attestor): V1Beta1Attestor {
  if (!userOwnedGrafeasNote) return attestor
  const { publicKeys, ...note } = userOwnedGrafeasNote
  return { ...attestor, userOwnedDrydockNote: { ...note, ...(publicKeys && { publicKeys: publicKeys.map(withoutKeyId) }) } }
}

function withoutKeyId({ pkixPublicKey, ...key }: Schemas['AttestorPublicKey']): V1Beta1['AttestorPublicKey'] {
  if (!pkixPublicKey) return key
  const { keyId: _, ...pkix } = pkixPublicKey
  return { ...key, pkixPublicKey: pkix }
}

type WithAttestor<A> = { attestor?: A }

/** A v1 operation that answers with an attestor, as the older versions have it. */
export const answeringV1Beta1 =
  <Req>(operation: Operation<Req, Attestor>): Operation<Req, V1Beta1Attestor> =>
  (request, ctx) =>
    attestorToV1Beta1(operation(request, ctx))

/** A v1 operation that takes an attestor and answers with one. */
export function writingV1Beta1<Req extends WithAttestor<Attestor>, Prepared>(operation: IoOperation<Req, Attestor, Prepared>) {
  type Request = Omit<Req, 'attestor'> & WithAttestor<V1Beta1Attestor>
  const convert = ({ attestor, ...request }: Request) =>
    ({ ...request, ...(attestor && { attestor: attestorFromV1Beta1(attestor) }) }) as unknown as Req
  return io(
    async (request: Request, ctx: Context) => operation.prepare(convert(request), ctx),
    (request, ctx, prepared: Prepared) => attestorToV1Beta1(operation.commit(convert(request), ctx, prepared)),
  )
}

export function listV1Beta1(operation: Operation<Schemas['ListAttestorsRequest'], Schemas['ListAttestorsResponse']>) {
  return (request: V1Beta1['ListAttestorsRequest'], ctx: Context): V1Beta1['ListAttestorsResponse'] => {
    const { attestors = [], nextPageToken } = operation(request, ctx)
    return { attestors: attestors.map(attestorToV1Beta1), nextPageToken }
  }
}
