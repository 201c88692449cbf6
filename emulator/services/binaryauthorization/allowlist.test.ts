import { expect, test } from 'vitest'
import { checkPattern, matchesPattern } from './allowlist.ts'

const digest = `sha256:${'a'.repeat(64)}`

test.each([
  // pattern, image, does it match
  ['gcr.io/p/app', 'gcr.io/p/app', true],
  ['gcr.io/p/app', 'gcr.io/p/app:1', false],
  ['gcr.io/p/app', `gcr.io/p/app@${digest}`, false],
  ['gcr.io/p/app:1', 'gcr.io/p/app:1', true],
  ['gcr.io/p/app:1', 'gcr.io/p/app:12', false],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx', true],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx:latest', true],
  ['gcr.io/p/nginx*', `gcr.io/p/nginx@${digest}`, true],
  ['gcr.io/p/nginx*', 'gcr.io/p/nginx-images/nginx', false],
  ['gcr.io/p/*', 'gcr.io/p/app', true],
  ['gcr.io/p/*', 'gcr.io/p/team/app', false],
  ['gcr.io/*', 'gcr.io/app', true],
  ['gcr.io/*', 'gcr.io/p/app', false],
  ['gcr.io/**', 'gcr.io/p/team/app:1', true],
  ['gcr.io/**', 'gcr.io.example.com/p/app', false],
  ['gcr.io/my-project**', 'gcr.io/my-project-exploit/app', true],
  ['gcr.io/my-project/**', 'gcr.io/my-project-exploit/app', false],
  ['gcr.io/p/hello:v1.*', 'gcr.io/p/hello:v1.2', true],
  ['gcr.io/p/hello:v1.*', 'gcr.io/p/hello:v11', false],
  [`gcr.io/p/hello@${digest}`, `gcr.io/p/hello@${digest}`, true],
  ['nginx', 'nginx', true],
  ['nginx', 'docker.io/library/nginx', false],
  ['docker.io/library/nginx', 'nginx', false],
])('%s and %s: %s', (pattern, image, matches) => {
  expect(matchesPattern(pattern, image)).toBe(matches)
})

test.each([
  'gcr.io/p/n*x',
  'gcr.io/*/app',
  '*',
  '**',
  'gcr.io*',
  'g*',
  'gcr.io/p/***',
  '*.gcr.io/p',
  '',
  'gcr.io/p/app ',
  'nginx*',
])('the pattern "%s" is invalid, and matches nothing', (pattern) => {
  expect(checkPattern(pattern)).toEqual(expect.any(String))
  for (const image of ['gcr.io/p/app', 'gcr.io/p/nx', 'nginx', '', pattern]) expect(matchesPattern(pattern, image)).toBe(false)
})

test.each([
  'gcr.io/*',
  'gcr.io/p/app',
  'gcr.io/p/app:*',
  'us-docker.pkg.dev/p/r/**',
  'nginx',
  'nginx:1.0',
  'localhost:5000/app*',
])('the pattern "%s" is valid', (pattern) => {
  expect(checkPattern(pattern)).toBeUndefined()
})
