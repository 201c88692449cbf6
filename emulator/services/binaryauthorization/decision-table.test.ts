// Every row of the decision table, over the entrances that it can come by: the evaluator, AdmissionReview and ImageReview.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admissionReviewOf,
  auditLabelsOf,
  clusterOf,
  deploymentOf,
  expectedAdmissionReview,
  expectedEvaluation,
  expectedImageReview,
  imageReviewOf,
  isDeployment,
  isImageReview,
  ofImageReview,
  summaryOf,
} from '../../testing/decision-table.ts'
import { projectOfRow, projectsOf, writeDecisionWorld } from '../../testing/decision-world.ts'
import { startTestEmulator, type TestEmulator } from '../../testing/emulator.ts'
import { type InProcess, inProcess } from '../../testing/in-process.ts'
import { ROWS, type Row } from './decision-table/index.ts'

const PROJECTS = projectsOf(ROWS)

const titled = (rows: Row[]) => rows.map((row): [string, Row] => [row.shows, row])

test('the table has at least 300 rows, and no two are the same', () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(300)
  const cases = ROWS.map(({ shows: _shows, source: _source, ...row }) => JSON.stringify(row))
  expect(cases.filter((row, index) => cases.indexOf(row) !== index)).toEqual([])
})

test('every row names its source: a line of the facts, or a page of Google’s', () => {
  const isSource = (source: string) => /^([ABC]\d*|[FH]\d*): \S/.test(source) || source.startsWith('https://cloud.google.com/')
  expect(ROWS.filter(({ source }) => !isSource(source))).toEqual([])
})

test('a row that rests on an open point names the choice, and at most one in five does', () => {
  const choices = readFileSync(new URL('../../decisions/0004-choices.md', import.meta.url), 'utf8')
  const open = ROWS.filter((row) => row.open !== undefined)
  expect(open.filter((row) => !choices.includes(`| ${row.open} |`)).map((row) => row.open)).toEqual([])
  expect(open.length / ROWS.length).toBeLessThanOrEqual(0.2)
})

describe('the evaluator', () => {
  let emulator: InProcess

  beforeAll(async () => {
    emulator = await inProcess()
    await writeDecisionWorld(emulator.call, PROJECTS)
  })
  afterAll(() => emulator.close())

  test.each(titled(ROWS.filter(isDeployment)))('%s', async (_, row) => {
    const evaluation = await emulator.evaluate(deploymentOf(row, projectOfRow(PROJECTS, row)))
    expect(summaryOf(evaluation), row.source).toEqual(expectedEvaluation(row))
  })
})

describe('the webhooks', () => {
  let emulator: TestEmulator

  beforeAll(async () => {
    emulator = await startTestEmulator()
    await writeDecisionWorld(emulator.call, PROJECTS)
  })
  afterAll(() => emulator.close())

  const ask = async (row: Row, body: object) => {
    const path = `/admission/projects/${projectOfRow(PROJECTS, row)}/locations/${clusterOf(row).replace('.', '/clusters/')}`
    return (await emulator.http('POST', path, body)).body
  }

  /** The newest entry of the project's log. */
  const auditLabels = async (row: Row) => {
    const { entries } = await emulator.call('logging.v2', 'google.logging.v2.LoggingServiceV2/ListLogEntries', {
      resourceNames: [`projects/${projectOfRow(PROJECTS, row)}`],
      orderBy: 'timestamp desc',
      pageSize: 1,
    })
    return entries?.[0]?.labels
  }

  test.each(titled(ROWS))('AdmissionReview: %s', async (_, row) => {
    expect(await ask(row, admissionReviewOf(row)), row.source).toEqual(expectedAdmissionReview(row))
    if (row.expected.verdict !== 'NOT_JUDGED') expect(await auditLabels(row)).toEqual(auditLabelsOf(row.expected))
  })

  test.each(titled(ROWS.filter(isImageReview)))('ImageReview: %s', async (_, row) => {
    expect(await ask(row, imageReviewOf(row)), row.source).toEqual(expectedImageReview(row))
    expect(await auditLabels(row)).toEqual(auditLabelsOf(ofImageReview(row)))
  })
})
