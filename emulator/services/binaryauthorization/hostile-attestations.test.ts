// Attestations that must not count, and their twins that must: each goes through the real entrance, and validateAttestationOccurrence
// has the same verdict with the same reason.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { HOSTILE_ROWS } from '../../testing/hostile/index.ts'
import type { Attestation, HostileRow } from '../../testing/hostile/row.ts'
import { podReview } from '../../testing/pod-review.ts'

const data = mkdtempSync(join(tmpdir(), 'hostile-'))
let emulator: TestEmulator

async function ok(method: string, path: string, body?: unknown) {
  const answer = await emulator.http(method, path, body)
  expect(answer.body, path).not.toHaveProperty('error')
  return answer.body
}

const projectOf = (row: HostileRow) => `hostile-${HOSTILE_ROWS.indexOf(row)}`

/** A project that requires one attestor with the row's keys. */
async function prepare(row: HostileRow) {
  const project = projectOf(row)
  await ok('POST', `/v1/projects/${project}/notes?noteId=note`, { attestation: { hint: { humanReadableName: 'note' } } })
  await ok('POST', `/v1/projects/${project}/attestors?attestorId=attestor`, {
    userOwnedGrafeasNote: { noteReference: `projects/${project}/notes/note`, publicKeys: row.keys },
  })
  await ok('PUT', `/v1/projects/${project}/policy`, {
    defaultAdmissionRule: {
      evaluationMode: 'REQUIRE_ATTESTATION',
      enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG',
      requireAttestationsBy: [`projects/${project}/attestors/attestor`],
    },
  })
}

/** Puts keys into the store that the API refuses. */
function storeKeys(rows: HostileRow[]) {
  const db = new Database(join(data, 'emulator.sqlite'), { fileMustExist: true })
  for (const row of rows) {
    const name = `projects/${projectOf(row)}/attestors/attestor`
    const body = JSON.parse(db.prepare('SELECT body FROM binauthz_attestors WHERE name = ?').pluck().get(name) as string)
    body.userOwnedGrafeasNote.publicKeys[0] = row.storedInstead
    db.prepare('UPDATE binauthz_attestors SET body = ? WHERE name = ?').run(JSON.stringify(body), name)
  }
  db.close()
}

const stored = HOSTILE_ROWS.filter(({ storedInstead }) => storedInstead)

beforeAll(async () => {
  emulator = await startTestEmulator({ data })
  for (const row of HOSTILE_ROWS) await prepare(row)
  await emulator.close()
  storeKeys(stored)
  emulator = await startTestEmulator({ data })
})

afterAll(async () => {
  await emulator.close()
  rmSync(data, { recursive: true })
})

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Attests the image and asks for a Pod with it: what was answered, and what the tree says of the attestation. */
async function admit(project: string, digest: string, attestation: Attestation) {
  const image = `gcr.io/p/app@${digest}`
  await ok('POST', `/v1/projects/${project}/occurrences`, {
    noteName: `projects/${project}/notes/note`,
    resourceUri: `https://${image}`,
    attestation,
  })
  const { response } = await ok('POST', `/admission/projects/${project}/locations/us-central1/clusters/prod`, podReview([image]))
  const { decisions } = await ok('GET', `/_emulator/decisions?project=${project}&limit=1`)
  const [attestor] = decisions[0].images[0].steps.at(-1).attestors
  return { allowed: response.allowed, attestor, step: attestor.attestations[0] }
}

const validate = (version: string, project: string, digest: string, attestation: Attestation) =>
  ok('POST', `/${version}/projects/${project}/attestors/attestor:validateAttestationOccurrence`, {
    attestation,
    occurrenceNote: `projects/${project}/notes/note`,
    occurrenceResourceUri: `https://gcr.io/p/app@${digest}`,
  })

test('there are at least 60, each with a name of its own', () => {
  expect(new Set(HOSTILE_ROWS.map(({ name }) => name)).size).toBe(HOSTILE_ROWS.length)
  expect(HOSTILE_ROWS.length).toBeGreaterThanOrEqual(60)
})

test.each(HOSTILE_ROWS)('$name: $code, and its twin counts', async (row) => {
  const project = projectOf(row)
  const [bad, fine] = [digestOf(`${row.name} hostile`), digestOf(`${row.name} good`)]
  const [hostile, good] = [row.hostile(bad), row.good(fine)]

  const refused = await admit(project, bad, hostile)
  expect(refused).toMatchObject({
    allowed: false,
    attestor: { result: 'NOT_SATISFIED', code: 'NO_VALID_ATTESTATION' },
    step: { verified: false, code: row.code, why: row.why ? expect.stringMatching(row.why) : expect.any(String) },
  })
  const admitted = await admit(project, fine, good)
  expect(admitted.step).toMatchObject({ verified: true, code: 'VERIFIED' })
  expect(admitted.allowed).toBe(true)

  for (const version of ['v1', 'v1beta1']) {
    expect(await validate(version, project, bad, hostile), version).toEqual({
      result: 'ATTESTATION_NOT_VERIFIABLE',
      denialReason: refused.step.why,
    })
    expect(await validate(version, project, fine, good), version).toEqual({ result: 'VERIFIED' })
  }
})

test.each(stored)('$name: no attestor takes it', async (row) => {
  const answer = await emulator.http('POST', `/v1/projects/${projectOf(row)}/attestors?attestorId=other`, {
    userOwnedGrafeasNote: { noteReference: `projects/${projectOf(row)}/notes/note`, publicKeys: [row.storedInstead] },
  })
  expect(answer.body.error).toMatchObject({ status: 'INVALID_ARGUMENT', message: expect.stringMatching(row.why!) })
})
