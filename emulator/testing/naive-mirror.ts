// Keeps a naive world in step with an emulator: what is written to the one is written down in the other.
import type { InProcess } from './in-process.ts'
import type { NaiveWorld } from './naive-evaluator.ts'

type Call = InProcess['call']

export const emptyNaiveWorld = (): NaiveWorld => ({
  policies: new Map(),
  attestors: new Map(),
  notes: new Map(),
  occurrences: new Map(),
})

/** Each method with what it changes, from the request and from the name in the answer. */
const CHANGES: Record<string, (world: NaiveWorld, request: any, name: string) => void> = {
  UpdatePolicy: ({ policies }, { policy }) => policies.set(policy.name.split('/')[1], policy),
  CreateAttestor: ({ attestors }, { attestor }, name) => attestors.set(name, attestorOf(attestor)),
  UpdateAttestor: ({ attestors }, { attestor }) => attestors.set(attestor.name, attestorOf(attestor)),
  DeleteAttestor: ({ attestors }, { name }) => attestors.delete(name),
  CreateNote: ({ notes }, { note }, name) => notes.set(name, note.attestation ? 'ATTESTATION' : 'OTHER'),
  DeleteNote: ({ notes }, { name }) => notes.delete(name),
  CreateOccurrence: ({ occurrences }, { occurrence }, name) => occurrences.set(name, occurrenceOf(occurrence)),
  DeleteOccurrence: ({ occurrences }, { name }) => occurrences.delete(name),
}

const attestorOf = ({ userOwnedGrafeasNote: { noteReference, publicKeys } }: any) => ({ note: noteReference, keys: publicKeys })

function occurrenceOf({ noteName, resourceUri, attestation }: any) {
  const { serializedPayload = '', signatures = [] } = attestation
  return { note: noteName, resourceUri, payload: serializedPayload, signatures }
}

/** `call`, which also writes down what has succeeded. */
export function mirrored(call: Call, world: NaiveWorld): Call {
  return async (api, method, request) => {
    const answer = await call(api, method, request)
    CHANGES[method.split('/')[1]!]!(world, request, answer?.name)
    return answer
  }
}
