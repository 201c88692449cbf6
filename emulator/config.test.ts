import { expect, test } from 'vitest'
import { parseCommandLine, readConfig } from './config.ts'

const defaults = {
  host: '127.0.0.1',
  port: 9080,
  data: undefined,
  seed: undefined,
  project: 'my-app-prod',
  strictProjects: false,
  lenient: false,
  maxLogEntries: undefined,
  operationDelay: '0s',
  iam: 'off',
  iamOwner: undefined,
  as: undefined,
  logLevel: 'info',
  cert: undefined,
  key: undefined,
  sans: [],
  webhookHosts: [],
  endpointsFile: undefined,
  url: undefined,
  client: ['gcloud'],
  mode: undefined,
  force: false,
  shell: process.platform === 'win32' ? 'powershell' : 'sh',
  unset: false,
  cluster: undefined,
  namespace: undefined,
  serviceAccount: undefined,
  wouldDeny: false,
  since: undefined,
  json: false,
  address: undefined,
  failClosed: false,
  format: 'validating',
  isAddressGiven: false,
  isProjectGiven: false,
  isDescribed: false,
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
    BINAUTHZ_EMULATOR_LENIENT: '1',
    BINAUTHZ_EMULATOR_MAX_LOG_ENTRIES: '0',
    BINAUTHZ_EMULATOR_OPERATION_DELAY: '2.5s',
    BINAUTHZ_EMULATOR_IAM: 'enforce',
    BINAUTHZ_EMULATOR_IAM_OWNER: 'user:root@example.com',
    BINAUTHZ_EMULATOR_AS: 'user:alice@example.com',
    BINAUTHZ_EMULATOR_LOG_LEVEL: 'error',
    BINAUTHZ_EMULATOR_ENDPOINTS_FILE: 'env.json',
    BINAUTHZ_EMULATOR_URL: 'http://env:1/',
    BINAUTHZ_EMULATOR_CERT: 'env-cert.pem',
    BINAUTHZ_EMULATOR_KEY: 'env-key.pem',
    BINAUTHZ_EMULATOR_SAN: 'env.example, 10.0.0.1',
    BINAUTHZ_EMULATOR_WEBHOOK_HOSTS: 'hooks.example',
    BINAUTHZ_EMULATOR_CLIENT: 'node,terraform',
    BINAUTHZ_EMULATOR_MODE: 'direct',
    BINAUTHZ_EMULATOR_FORCE: 'true',
    BINAUTHZ_EMULATOR_SHELL: 'json',
  }
  expect(readConfig({}, env)).toEqual({
    host: '0.0.0.0',
    port: 1,
    data: '/env',
    seed: 'env.yaml',
    project: 'env-project',
    strictProjects: true,
    lenient: true,
    maxLogEntries: 0,
    operationDelay: '2.5s',
    iam: 'enforce',
    iamOwner: 'user:root@example.com',
    as: 'user:alice@example.com',
    logLevel: 'error',
    endpointsFile: 'env.json',
    url: 'http://env:1',
    cert: 'env-cert.pem',
    key: 'env-key.pem',
    sans: ['env.example', '10.0.0.1'],
    webhookHosts: ['hooks.example'],
    client: ['node', 'terraform'],
    mode: 'direct',
    force: true,
    shell: 'json',
    unset: false,
    cluster: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    wouldDeny: false,
    since: undefined,
    json: false,
    address: undefined,
    failClosed: false,
    format: 'validating',
    isAddressGiven: true,
    isProjectGiven: true,
    isDescribed: false,
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
    '--max-log-entries=9',
    '--log-level=debug',
    '--endpoints-file=e.json',
    '--cert=c.pem',
    '--key=k.pem',
    '--san=a,b',
  ])
  expect(readConfig(flags, env)).toMatchObject({
    host: '::1',
    port: 2,
    data: 'd',
    seed: 's.yaml',
    project: 'p',
    maxLogEntries: 9,
    logLevel: 'debug',
    endpointsFile: 'e.json',
    cert: 'c.pem',
    key: 'k.pem',
    sans: ['a', 'b'],
    isDescribed: true,
  })
})

test('the delay of operations is a number of seconds', () => {
  for (const value of ['5', '5m', '-1s', 's', '1.s'])
    expect(() => readConfig({ 'operation-delay': value }, {})).toThrow(
      '--operation-delay must be a duration in seconds such as 30s',
    )
})

test('a member is an account', () => {
  for (const flag of ['as', 'iam-owner'])
    for (const value of ['alice', 'alice@example.com', 'group:team@example.com'])
      expect(() => readConfig({ [flag]: value }, {})).toThrow(`--${flag} must be like user:alice@example.com, not "${value}".`)
})

test('what belongs to the environment of a command has flags too, and everything after -- is the command', () => {
  const line = ['exec', '--url=http://[::1]:9', '--mode', 'proxy', '--project', 'p', '--', 'gcloud', '--port', '1', '--', '-h']
  const { command, flags, rest } = parseCommandLine(line)
  expect([command, rest]).toEqual(['exec', ['gcloud', '--port', '1', '--', '-h']])
  expect(readConfig(flags, { BINAUTHZ_EMULATOR_MODE: 'direct' })).toMatchObject({
    ...{ url: 'http://[::1]:9', mode: 'proxy', project: 'p', isAddressGiven: false, isDescribed: false },
  })
  expect(readConfig(parseCommandLine(['env', '--unset', '--shell=powershell']).flags, {})).toMatchObject({
    unset: true,
    shell: 'powershell',
  })
  const ofTls = ['--cert=c', '--key=k', '--san=s']
  for (const described of [
    '--seed=f',
    '--no-seed',
    '--data=d',
    '--strict-projects',
    '--lenient',
    '--max-log-entries=1',
    ...ofTls,
  ])
    expect(readConfig(parseCommandLine(['exec', described]).flags, {}).isDescribed, described).toBe(true)
  for (const address of ['--port=1', '--host=::1'])
    expect(readConfig(parseCommandLine(['env', address]).flags, {}).isAddressGiven, address).toBe(true)
})

test.each([
  ['gcloud', ['gcloud']],
  ['node, python,node', ['node', 'python']],
  ['all', 'all'],
  ['go,all', 'all'],
])('--client %s is %j', (names, client) => {
  expect(readConfig(parseCommandLine(['env', '--client', names]).flags, {}).client).toEqual(client)
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
  [['--max-log-entries=-1'], {}, '--max-log-entries must be a number from 0 up, not "-1".'],
  [['--data='], {}, '--data needs a value: keep all data here; otherwise it is in memory and gone at the end.'],
  ...['https://127.0.0.1:1', 'http://127.0.0.1:1/v1', "http://a'b", 'http://u@h', 'http://h\n', '127.0.0.1:9080', 'http://'].map(
    (url) =>
      [['env', `--url=${url}`], {}, `--url must be like http://127.0.0.1:9080, not "${url}".`] as [string[], object, string],
  ),
  [['env'], { BINAUTHZ_EMULATOR_URL: 'x' }, 'BINAUTHZ_EMULATOR_URL must be like http://127.0.0.1:9080, not "x".'],
  [['env'], { BINAUTHZ_EMULATOR_SHELL: 'fish' }, 'BINAUTHZ_EMULATOR_SHELL must be one of sh, powershell, json, not "fish".'],
  ...[
    ['java', 'java'],
    ['node,', ''],
    ['node,,go', ''],
  ].map(
    ([names, wrong]) =>
      [
        ['env', `--client=${names}`],
        {},
        `--client must be of gcloud, node, python, go, terraform, kubectl, docker, or all, not "${wrong}".`,
      ] as [string[], object, string],
  ),
  ...['https://h', 'h:', 'h/p', '::1', 'a b', '[::1', 'h:1:2'].map(
    (address) =>
      [
        ['webhook', `--address=${address}`],
        {},
        `--address must be like host.docker.internal or 172.18.0.1:9080, not "${address}".`,
      ] as [string[], object, string],
  ),
  [['webhook', '--format=all'], {}, '--format must be one of validating, imagepolicy, kubeconfig, not "all".'],
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

test('what follows explain are images, and what is asked of them has flags', () => {
  const { command, flags, operands } = parseCommandLine([
    'explain',
    'nginx',
    '--cluster=l.c',
    '--json',
    '--service-account',
    's',
    'a@b',
  ])
  expect({ command, operands }).toEqual({ command: 'explain', operands: ['nginx', 'a@b'] })
  expect(readConfig(flags, {})).toMatchObject({ cluster: 'l.c', serviceAccount: 's', json: true, isProjectGiven: false })
  expect(readConfig({}, { BINAUTHZ_EMULATOR_PROJECT: 'p' }).isProjectGiven).toBe(true)
  expect(parseCommandLine(['explain', '--help']).command).toBe('help')
  const listed = parseCommandLine(['decisions', '--would-deny', '--since', '1h'])
  expect(readConfig(listed.flags, {})).toMatchObject({ wouldDeny: true, since: '1h', json: false })
  for (const [line, sentence] of [
    [['explain'], 'explain needs an image: see binauthz-emulator --help.'],
    [['explain', 'a', '--since=1h'], "explain has no option '--since': see binauthz-emulator --help."],
    [['decisions', '--lenient'], "decisions has no option '--lenient': see binauthz-emulator --help."],
  ] as const)
    expect(() => parseCommandLine([...line])).toThrow(sentence)
})

test('what webhook prints has flags', () => {
  const line = ['webhook', '--cluster=l.c', '--address=[fd00::1]:90', '--fail-closed', '--format', 'kubeconfig', '--url=http://h']
  const { command, flags } = parseCommandLine(line)
  expect(command).toBe('webhook')
  const config = { cluster: 'l.c', address: '[fd00::1]:90', failClosed: true, format: 'kubeconfig', url: 'http://h' }
  expect(readConfig(flags, {})).toMatchObject(config)
  for (const [line, sentence] of [
    [['explain', 'a', '--address=h'], "explain has no option '--address': see binauthz-emulator --help."],
    [['start', '--fail-closed'], "start has no option '--fail-closed': see binauthz-emulator --help."],
    [['webhook', '--json'], "webhook has no option '--json': see binauthz-emulator --help."],
    [['webhook', '--san=h'], "webhook has no option '--san': see binauthz-emulator --help."],
  ] as const)
    expect(() => parseCommandLine([...line])).toThrow(sentence)
})

test('--help and --version are commands of their own', () => {
  expect(parseCommandLine(['start', '-h']).command).toBe('help')
  expect(parseCommandLine(['--version']).command).toBe('version')
  expect(parseCommandLine(['start', 'now']).command).toBe('start now')
})
