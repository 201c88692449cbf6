import { expect, test } from 'vitest'
import { parseCommandLine, readConfig } from './config.ts'

const defaults = {
  host: '127.0.0.1',
  port: 9080,
  data: undefined,
  seed: undefined,
  project: 'my-app-prod',
  strictProjects: false,
  logLevel: 'info',
}

test('without flags and variables every setting has its default; an empty variable is none', () => {
  expect(readConfig({}, {})).toEqual(defaults)
  expect(readConfig({}, { BINAUTHZ_EMULATOR_PORT: '', BINAUTHZ_EMULATOR_NO_SEED: '' })).toEqual(defaults)
})

test('a flag wins over its environment variable', () => {
  const env = {
    BINAUTHZ_EMULATOR_HOST: '0.0.0.0',
    BINAUTHZ_EMULATOR_PORT: '1',
    BINAUTHZ_EMULATOR_DATA: '/env',
    BINAUTHZ_EMULATOR_SEED: 'env.yaml',
    BINAUTHZ_EMULATOR_PROJECT: 'env-project',
    BINAUTHZ_EMULATOR_STRICT_PROJECTS: 'true',
    BINAUTHZ_EMULATOR_LOG_LEVEL: 'error',
  }
  expect(readConfig({}, env)).toEqual({
    host: '0.0.0.0',
    port: 1,
    data: '/env',
    seed: 'env.yaml',
    project: 'env-project',
    strictProjects: true,
    logLevel: 'error',
  })
  const { flags } = parseCommandLine([
    '--host=::1',
    '--port',
    '2',
    '--data',
    'd',
    '--seed',
    's.yaml',
    '--project',
    'p',
    '--log-level=debug',
  ])
  expect(readConfig(flags, env)).toMatchObject({
    host: '::1',
    port: 2,
    data: 'd',
    seed: 's.yaml',
    project: 'p',
    logLevel: 'debug',
  })
})

test.each([
  ['--no-seed', {}, false],
  ['--no-seed', { BINAUTHZ_EMULATOR_SEED: 'env.yaml' }, false],
  ['--seed=flag.yaml', { BINAUTHZ_EMULATOR_NO_SEED: '1' }, 'flag.yaml'],
  ['--strict-projects', { BINAUTHZ_EMULATOR_SEED: 'env.yaml', BINAUTHZ_EMULATOR_NO_SEED: 'yes' }, false],
  ['--strict-projects', { BINAUTHZ_EMULATOR_SEED: 'env.yaml', BINAUTHZ_EMULATOR_NO_SEED: 'off' }, 'env.yaml'],
])('the seed with %s and %j is %j', (flag, env, seed) => {
  expect(readConfig(parseCommandLine([flag]).flags, env).seed).toBe(seed)
})

test.each([
  [['--port'], {}, /^Option '--port <value>' argument missing: see binauthz-emulator --help\.$/],
  [['--no-seed=yes'], {}, /^Option '--no-seed' does not take an argument: see binauthz-emulator --help\.$/],
  [['--port=-1'], {}, '--port must be a number from 0 to 65535, not "-1".'],
  [['--port=65536'], {}, '--port must be a number from 0 to 65535, not "65536".'],
  [['--data='], {}, '--data needs a value: keep all data here; otherwise it is in memory and gone at the end.'],
  [['--seed=a', '--no-seed'], {}, '--seed and --no-seed exclude each other: give one of them.'],
  [[], { BINAUTHZ_EMULATOR_PORT: '0x10' }, 'BINAUTHZ_EMULATOR_PORT must be a number from 0 to 65535, not "0x10".'],
  [
    [],
    { BINAUTHZ_EMULATOR_LOG_LEVEL: 'trace' },
    'BINAUTHZ_EMULATOR_LOG_LEVEL must be one of debug, info, warn, error, silent, not "trace".',
  ],
  [[], { BINAUTHZ_EMULATOR_STRICT_PROJECTS: 'maybe' }, 'BINAUTHZ_EMULATOR_STRICT_PROJECTS must be true or false, not "maybe".'],
])('%j with %j is refused in one sentence', (args, env, sentence) => {
  expect(() => readConfig(parseCommandLine(args).flags, env)).toThrow(sentence)
})

test('--help and --version are commands of their own', () => {
  expect(parseCommandLine(['start', '-h']).command).toBe('help')
  expect(parseCommandLine(['--version']).command).toBe('version')
  expect(parseCommandLine(['start', 'now']).command).toBe('start now')
})
