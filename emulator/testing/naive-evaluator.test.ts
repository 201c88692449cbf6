// The naive evaluator is held to the decision table as the real one is, but for PGP and JWT, which it does not read.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROWS, type Row } from '../services/binaryauthorization/decision-table/index.ts'
import { naiveSummaryOf, summaryOf } from './agreement.ts'
import {
  admissionReviewOf,
  clusterOf,
  expectedAdmissionReview,
  expectedImageReview,
  imageReviewOf,
  isImageReview,
} from './decision-table.ts'
import { projectOfRow, projectsOf, writeDecisionWorld } from './decision-world.ts'
import { type InProcess, inProcess } from './in-process.ts'
import { naiveAnswer } from './naive-evaluator.ts'
import { emptyNaiveWorld, mirrored } from './naive-mirror.ts'

const PROJECTS = projectsOf(ROWS)

const isRead = ({ policy, open }: Row) =>
  !JSON.stringify(policy ?? {}).includes('/attestors/pgp"') && open !== '`jwts` of an attestation'

const world = emptyNaiveWorld()
let emulator: InProcess

beforeAll(async () => {
  emulator = await inProcess()
  await writeDecisionWorld(mirrored(emulator.call, world), PROJECTS)
})
afterAll(() => emulator.close())

test.each(ROWS.filter(isRead).map((row): [string, Row] => [row.shows, row]))('%s', (_, row) => {
  const naive = (body: object) => naiveAnswer(world, projectOfRow(PROJECTS, row), clusterOf(row), body)
  const answer = naive(admissionReviewOf(row))
  expect(answer.verdict, row.source).toBe(row.expected.verdict)
  expect(naiveSummaryOf(answer), row.source).toEqual(summaryOf(expectedAdmissionReview(row)))
  if (isImageReview(row))
    expect(naiveSummaryOf(naive(imageReviewOf(row))), row.source).toEqual(summaryOf(expectedImageReview(row)))
})
