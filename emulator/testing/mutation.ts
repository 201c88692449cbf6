// Runs in a process of its own: changes one text of one source as it is loaded, then asks the decision table and the naive evaluator.
// node mutation.ts [file text replacement] → exit code 0 if all agree, 1 if something was noticed, 2 if the text
// does not stand there once, 3 if it does not run.

import { registerHooks } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import type { InProcess } from './in-process.ts'

const [file, text = '', replacement = ''] = process.argv.slice(2)

/** Enough to meet what each mutation changes. */
const CASES = 400
const SEED = 60

if (file) {
  const target = new URL(`../${file}`, import.meta.url).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const parts = String(loaded.source).split(text)
      if (parts.length !== 2) {
        console.log(`stale: ${JSON.stringify(text)} stands ${parts.length - 1} times in ${file}`)
        process.exit(2)
      }
      return { ...loaded, source: parts.join(replacement) }
    },
  })
}

function notice(what: string): never {
  console.log(what)
  process.exit(1)
}

async function checkTable(emulator: InProcess) {
  const table = await import('./decision-table.ts')
  const { projectOfRow, projectsOf, writeDecisionWorld } = await import('./decision-world.ts')
  const { ROWS } = await import('../services/binaryauthorization/decision-table/index.ts')
  const projects = projectsOf(ROWS)
  await writeDecisionWorld(emulator.call, projects)
  for (const row of ROWS) {
    const project = projectOfRow(projects, row)
    const cluster = table.clusterOf(row)
    const answer = await emulator.review(project, cluster, table.admissionReviewOf(row))
    // over HTTP, what is undefined would not be there
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
    if (!isDeepStrictEqual(plain(answer), plain(table.expectedAdmissionReview(row)))) notice(`AdmissionReview: ${row.shows}`)
    if (table.isImageReview(row)) {
      const older = await emulator.review(project, cluster, table.imageReviewOf(row))
      if (!isDeepStrictEqual(plain(older), plain(table.expectedImageReview(row)))) notice(`ImageReview: ${row.shows}`)
    }
    if (!table.isDeployment(row)) continue
    const evaluation = table.summaryOf(await emulator.evaluate(table.deploymentOf(row, project)))
    if (!isDeepStrictEqual(evaluation, table.expectedEvaluation(row))) notice(`evaluator: ${row.shows}`)
  }
}

async function checkAgreement(emulator: InProcess) {
  const { agree } = await import('./agreement.ts')
  const { disagreement } = await agree(emulator, SEED, CASES)
  if (disagreement) notice(`naive evaluator: ${disagreement.split('\n')[0]}`)
}

try {
  const { inProcess } = await import('./in-process.ts')
  for (const check of [checkTable, checkAgreement]) {
    const emulator = await inProcess({ maxLogEntries: 100 })
    await check(emulator)
    await emulator.close()
  }
} catch (error) {
  // a mutant that does not even run is noticed, but proves nothing of the table: the test wants to see how it was noticed
  console.log(`error: ${error instanceof Error ? error.message : error}`)
  process.exit(3)
}
