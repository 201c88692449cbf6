// Would the decision table and the naive evaluator notice a mistake in the evaluator? Mistakes are made on purpose, one at a time, in
// a process of its own each (testing/mutation.ts), and each must be noticed.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../testing/mutation.ts', import.meta.url))

const EVALUATION = 'services/binaryauthorization/evaluation.ts'
const ATTESTOR = 'services/binaryauthorization/evaluate-attestor.ts'
const RULES = 'services/binaryauthorization/rules.ts'
const ALLOW_LIST = 'services/binaryauthorization/allowlist.ts'
const IMAGE = 'services/binaryauthorization/image-reference.ts'
const MEMORY = 'services/binaryauthorization/remembered.ts'
const KEYS = 'services/binaryauthorization/key-ids.ts'
const VERIFY = 'services/binaryauthorization/verify-attestation.ts'
const PAYLOAD = 'services/binaryauthorization/payload.ts'
const MESSAGES = 'services/binaryauthorization/messages.ts'
const STORE = 'services/containeranalysis/store.ts'
const PODS = 'services/admission/pods.ts'
const REVIEW = 'services/admission/admission-review.ts'
const IMAGE_REVIEW = 'services/admission/image-review.ts'
const DECIDE = 'services/admission/decide.ts'

/** A text that stands once in the file, and what stands there instead. */
const MUTATIONS: [mistake: string, file: string, text: string, replacement: string][] = [
  ['a pattern without wildcard is a prefix', ALLOW_LIST, 'pattern === image', 'image.startsWith(pattern)'],
  ['* crosses a slash', ALLOW_LIST, "(pattern.endsWith('**') || !image.includes('/', prefix.length))", 'true'],
  ['a pattern matches in the midst of a name', ALLOW_LIST, 'image.startsWith(prefix)', 'image.includes(prefix)'],
  ['globalPolicyEvaluationMode left out means ENABLE', EVALUATION, "Mode !== 'ENABLE'", "Mode === 'DISABLE'"],
  ['one attestor of several is enough', EVALUATION, 'attestors.every(', 'attestors.some('],
  ['one image of several is enough', EVALUATION, 'images.every(', 'images.some('],
  [
    'a default rule of dry run holds for specific rules',
    EVALUATION,
    'found.rule.enforcementMode ===',
    'policy.defaultAdmissionRule?.enforcementMode ===',
  ],
  ['a dry run where no rule can be told to apply', EVALUATION, '!found.unknown && ', ''],
  [
    'ALWAYS_DENY allows what has a digest',
    EVALUATION,
    "if (evaluationMode !== 'REQUIRE_ATTESTATION') return { ...step, result: 'DENIED'",
    "if (evaluationMode !== 'REQUIRE_ATTESTATION') return { ...step, result: digestOfImage(image) ? 'ALLOWED' : 'DENIED'",
  ],
  ['what one rule allowed is remembered for others', EVALUATION, 'found.field} ', "'any rule'} "],
  ['what is remembered outlives a change', MEMORY, 'known?.generation === generation', 'known'],
  ['the newest attestation alone is examined', ATTESTOR, 'attestations.toReversed()', 'attestations.slice(-1)'],
  [
    'an attestor that was deleted is satisfied',
    ATTESTOR,
    "result: 'NOT_SATISFIED', code: 'ATTESTOR_NOT_FOUND'",
    "result: 'SATISFIED', code: 'ATTESTOR_NOT_FOUND'",
  ],
  ['rules are found on the prototype', RULES, 'Object.hasOwn(rules, name)', 'name in rules'],
  ['a service account is looked up without its namespace', RULES, 'namespace}:', "'team-1'}:"],
  ['the default rule applies where the service account is unknown', RULES, 'deployment.serviceAccount === undefined', 'false'],
  [
    'a cluster is looked up without its zone',
    RULES,
    'key: ({ cluster }: Deployment) => cluster',
    "key: ({ cluster = '' }: Deployment) => cluster.replace(/-[a-z]\\./, '.')",
  ],
  ['a digest may be in upper case', IMAGE, '[0-9a-f]{64})$/', '[0-9a-fA-F]{64})$/'],
  ['a digest needs no repository', IMAGE, '[^\\s@]+@', '[^\\s@]*@'],
  ['text may follow the digest', IMAGE, '{64})$/', '{64})/'],
  ['an unknown key id means any key', KEYS, ' ?? [] }', ' ?? keys }'],
  ['any authority is this emulator', KEYS, 'authority && ctx.isOwnAuthority(authority)', 'authority'],
  ['the digest of the payload is not compared', VERIFY, 'digest !== expected.digest', 'false'],
  ['a payload may say two things', PAYLOAD, 'repeated === undefined', 'true'],
  [
    'attestations of any note count',
    STORE,
    "note_name = ? AND digest = ? AND body ->> '$.kind'",
    "(note_name = ? OR 1) AND digest = ? AND body ->> '$.kind'",
  ],
  ['a note of any kind counts', STORE, " AND ca_notes.body ->> '$.kind' = 'ATTESTATION'", ''],
  ['init containers are not judged', PODS, "['initContainers', 'containers', ", "['containers', "],
  ['ephemeral containers are not judged', PODS, ", 'ephemeralContainers'] as const", '] as const'],
  ['any value asks for break-glass', PODS, "source[key] === 'true'", 'source[key] !== undefined'],
  ['the annotation asks for nothing', PODS, 'named(metadata?.annotations, BREAK_GLASS_ANNOTATION)', 'false'],
  ['updates are not judged', REVIEW, "['DELETE', 'CONNECT']", "['DELETE', 'CONNECT', 'UPDATE']"],
  [
    'an ephemeral container is a subresource that does not matter',
    REVIEW,
    "const NOT_JUDGED = ['attach'",
    "const NOT_JUDGED = ['ephemeralcontainers', 'attach'",
  ],
  ['an ImageReview without namespace has none', IMAGE_REVIEW, " ?? 'default',", ','],
  [
    'break-glass of what passes is not written down',
    DECIDE,
    "breakGlass && !ignored ? 'BREAK_GLASS' : denied",
    "breakGlass && denied.length > 0 ? 'BREAK_GLASS' : denied",
  ],
  [
    'the text of a rule that denies everything',
    MESSAGES,
    'Denied by always_deny admission rule',
    'Denied by an always_deny admission rule',
  ],
]

function check(...mutation: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', SCRIPT, ...mutation], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr })
    })
  })
}

test.concurrent('without a mistake nothing is noticed', { timeout: 120_000 }, async () => {
  expect(await check()).toEqual({ code: 0, said: '' })
})

test.concurrent.each(MUTATIONS)('%s: noticed', { timeout: 120_000 }, async (_, file, text, replacement) => {
  const { code, said } = await check(file, text, replacement)
  // another code than 1: the text is not there once (change the row), or the mistake is one that does not run
  expect({ code, said }).toEqual({
    code: 1,
    said: expect.stringMatching(/^(AdmissionReview|ImageReview|evaluator|naive evaluator): /),
  })
})
