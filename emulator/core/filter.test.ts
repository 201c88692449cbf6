import { expect, test } from 'vitest'
import { comparisons, type FilterOptions, matches, parseFilter } from './filter.ts'
import { StatusError } from './status.ts'

interface Occurrence {
  kind: string
  resourceUri: string
  noteName: string
}

const occurrences: FilterOptions<Occurrence> = {
  fields: {
    resourceUrl: (occurrence) => occurrence.resourceUri,
    noteProjectId: (occurrence) => occurrence.noteName.split('/')[1],
    noteId: (occurrence) => occurrence.noteName.split('/')[3],
    kind: ({ kind }) => (kind === 'VULNERABILITY' ? ['VULNERABILITY', 'PACKAGE_VULNERABILITY'] : kind),
  },
  known: ['createTime', 'vulnerability', 'noteName'],
}

const sha = 'ab'.repeat(32)
const occurrence = { kind: 'BUILD', resourceUri: `https://gcr.io/p/i@sha256:${sha}`, noteName: 'projects/n/notes/build' }
const matching = (text: string, resource: unknown, options?: FilterOptions) => matches(parseFilter(text), resource, options)

function messageOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (error instanceof StatusError && error.code === 'INVALID_ARGUMENT') return error.message
    throw error
  }
  return 'accepted'
}

test('a blank filter matches everything', () => {
  expect(matching('', occurrence)).toBe(true)
  expect(matching(' \n\t', undefined)).toBe(true)
  expect(comparisons(parseFilter(''))).toEqual([])
})

test('the query of gcloud artifacts docker images describe finds both forms of an image URL', () => {
  const filter = parseFilter(
    `((kind = "BUILD") OR (kind = "SBOM_REFERENCE")) AND ((resourceUrl = "https://IMG@sha") OR (resourceUrl = "IMG@sha"))`,
    occurrences,
  )
  const found = (kind: string, resourceUri: string) => matches(filter, { ...occurrence, kind, resourceUri }, occurrences)
  expect(found('BUILD', 'https://IMG@sha')).toBe(true)
  expect(found('SBOM_REFERENCE', 'IMG@sha')).toBe(true)
  expect(found('ATTESTATION', 'IMG@sha')).toBe(false)
  expect(found('BUILD', 'https://IMG@sha2')).toBe(false)
})

test('has_prefix and has_suffix compare the ends of a string', () => {
  const found = (text: string) => matches(parseFilter(text, occurrences), occurrence, occurrences)
  expect(found(`has_suffix(resourceUrl, "sha256:${sha}")`)).toBe(true)
  expect(found(`has_suffix( resource_url , 'sha256:${sha.slice(1)}a' )`)).toBe(false)
  expect(found('has_prefix(resourceUrl, "https://gcr.io/p/")')).toBe(true)
  expect(found('has_prefix(resourceUrl, "gcr.io/p/")')).toBe(false)
  expect(found('has_prefix(resourceUrl, "*")')).toBe(false)
  expect(found('has_prefix(vulnerability.type, "")')).toBe(false)
  expect(found('(has_prefix(resourceUrl,"x") OR has_prefix(resourceUrl,"https"))')).toBe(true)
  expect(found(`NOT has_suffix(resourceUrl,"${sha}")`)).toBe(false)
})

test('kind="ATTESTATION" selects by kind, case-sensitively', () => {
  const attestation = { ...occurrence, kind: 'ATTESTATION' }
  expect(matches(parseFilter('kind="ATTESTATION"', occurrences), attestation, occurrences)).toBe(true)
  expect(matches(parseFilter('kind="ATTESTATION"', occurrences), occurrence, occurrences)).toBe(false)
  expect(matches(parseFilter('kind="attestation"', occurrences), attestation, occurrences)).toBe(false)
  expect(matching('kind="attestation"', attestation, { caseInsensitive: true })).toBe(true)
})

test('kritis finds vulnerabilities by note project, note and the kind name of v1alpha1', () => {
  const vulnerability = {
    kind: 'VULNERABILITY',
    resourceUri: 'https://x',
    noteName: 'projects/goog-analysis/notes/PACKAGE_VULNERABILITY',
  }
  const found = (text: string, resource: Occurrence = vulnerability) =>
    matches(parseFilter(text, occurrences), resource, occurrences)
  const query = 'resourceUrl="https://x" AND noteProjectId="goog-analysis" AND noteId="PACKAGE_VULNERABILITY"'
  expect(found(query)).toBe(true)
  expect(found(query, { ...vulnerability, noteName: 'projects/other/notes/PACKAGE_VULNERABILITY' })).toBe(false)
  expect(found('resourceUrl="https://x" AND kind="PACKAGE_VULNERABILITY"')).toBe(true)
  expect(found('kind="VULNERABILITY"')).toBe(true)
  expect(found('kind!="PACKAGE_VULNERABILITY"')).toBe(false)
  expect(found('kind="PACKAGE_VULNERABILITY"', { ...vulnerability, kind: 'BUILD' })).toBe(false)
})

test('an API that declares its fields refuses any other by name, even with nothing to list', () => {
  const refused = 'Invalid list filter: unknown field "resource"; filterable fields: '
  expect(messageOf(() => parseFilter('kind="A" AND NOT (resource.uri="x")', occurrences))).toContain(refused)
  expect(messageOf(() => parseFilter('has_prefix(resource, "x")', occurrences))).toContain(refused)
  expect(messageOf(() => matches(parseFilter('resource="x"'), occurrence, occurrences))).toContain(
    'createTime, kind, noteId, noteName, noteProjectId, resourceUrl, vulnerability',
  )
  expect(messageOf(() => parseFilter('constructor="x"', occurrences))).toContain('unknown field "constructor"')
  expect(messageOf(() => parseFilter('create_time>"2019-04-10T" OR note_name=x', occurrences))).toBe('accepted')
})

test('an API that declares no fields matches none that is missing, and nothing that an object inherits', () => {
  expect(matching('missing="x"', occurrence)).toBe(false)
  expect(matching('constructor:*', occurrence)).toBe(false)
  expect(matching('__proto__.toString:*', occurrence)).toBe(false)
  expect(matching('kind.constructor:*', occurrence, { fields: {} })).toBe(false)
  expect(matching('toString > a', occurrence, { fields: {} })).toBe(false)
})

test('Service Usage and Resource Manager take an unquoted enum after the has operator', () => {
  expect(matching('state:ENABLED', { state: 'ENABLED' })).toBe(true)
  expect(matching('state:ENABLED', { state: 'DISABLED' })).toBe(false)
  expect(matching('lifecycleState:ACTIVE', { lifecycleState: 'ACTIVE' })).toBe(true)
  expect(matching('lifecycle_state:ACTIVE', { lifecycleState: 'DELETE_REQUESTED' })).toBe(false)
})

test('Artifact Registry finds the tags of a version', () => {
  const version = 'projects/p/locations/l/repositories/r/packages/i/versions/sha256:ab'
  expect(matching(`version="${version}"`, { name: 't', version })).toBe(true)
  expect(matching(`version="${version}"`, { name: 't', version: `${version}c` })).toBe(false)
  expect(matching('annotations.`external.link`:`https://x/y`', { annotations: { 'external.link': 'https://x/y' } })).toBe(true)
})

test('a literal without a field is searched for in all strings and numbers, without regard to case', () => {
  const resource = { a: ['x', { b: 'The Cat in the Hat' }], count: 404, kind: 'k', 'key.with/dots': 1, on: true }
  const yes = [
    'cat',
    '"cat in"',
    'hat cat',
    'the*hat',
    '40',
    'WITH/dots',
    '-dog',
    'NOT dog',
    '*',
    'key.with',
    '"k"',
    'dog OR cat',
  ]
  const no = ['dog', 'cat dog', '-cat', 'hat*cat', 'count', 'true', '"cat  in"', 'and', 'cat or hat']
  expect(yes.filter((text) => !matching(text, resource))).toEqual([])
  expect(no.filter((text) => matching(text, resource))).toEqual([])
})

test('comparisons returns what every match must fulfil, with fields in camelCase', () => {
  const of = (text: string) => comparisons(parseFilter(text))
  expect(of('kind="ATTESTATION"')).toEqual([{ field: 'kind', operator: '=', value: 'ATTESTATION' }])
  expect(of('((resource_url="u") (a.b_c>=3 AND x:y)) AND (p=1 OR q=2) AND NOT r=3 -s=4 word')).toEqual([
    { field: 'resourceUrl', operator: '=', value: 'u' },
    { field: 'a.bC', operator: '>=', value: '3' },
    { field: 'x', operator: ':', value: 'y' },
  ])
  expect(of('kind="ATT*" labels."a.b"=x has_prefix(name,"n") m:*')).toEqual([])
  expect(of('kind="a\\*b"')).toEqual([{ field: 'kind', operator: '=', value: 'a*b' }])
  expect(of('kind="A" OR kind="B"')).toEqual([])
})
