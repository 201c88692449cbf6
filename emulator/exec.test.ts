import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { commandLine, MAIN, refusal } from './testing/command-line.ts'
import { startTestEmulator } from './testing/emulator.ts'

const folder = mkdtempSync(join(tmpdir(), 'exec-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { run, spawn: spawnMain, start } = commandLine(folder)

/** Nothing of the user's at this port: a port that was asked for has no emulator, so `exec` starts its own. */
const OWN = ['exec', '--no-seed']
const ready = 'curl -sf "$BINAUTHZ_EMULATOR_URL/_emulator/readyz" | tr -d "\\n "'

test('the command sees an emulator of its own, which is gone with it, as is the folder of gcloud', async () => {
  const script = `${ready}; echo; echo "$BINAUTHZ_EMULATOR_URL"; mkdir -p "$CLOUDSDK_CONFIG" && touch "$CLOUDSDK_CONFIG/file"; env | sort`
  const { status, stdout, stderr } = await run([...OWN, '--project', 'team-blue', '--', 'sh', '-c', script])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const [answer, url, ...variables] = stdout.split('\n')
  expect(answer).toBe('{"status":"READY"}')
  expect(variables).toEqual(
    expect.arrayContaining([
      'CLOUDSDK_CORE_PROJECT=team-blue',
      'CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=http://cloudkms.googleapis.com/',
      'CLOUDSDK_PROXY_ADDRESS=127.0.0.1',
      `CLOUDSDK_PROXY_PORT=${new URL(url!).port}`,
      `HOME=${folder}`,
    ]),
  )
  await expect(fetch(url!)).rejects.toThrow()
  expect(readdirSync(folder)).toEqual([])
})

test('arguments, standard input and both outputs are those of the command alone', async () => {
  const script = 'printf "%s|" "$@"; cat; echo failed >&2'
  expect(await run([...OWN, '--', 'sh', '-c', script, 'sh', 'a b', '--port', '', '--'], {}, 'the input')).toEqual({
    status: 0,
    stdout: 'a b|--port||--|the input',
    stderr: 'failed\n',
  })
})

test.each([
  ['exit 7', 7],
  ['exit 255', 255],
  ['kill -TERM $$', 128 + 15],
  ['kill -KILL $$', 128 + 9],
])('the exit code of a command that does %j is %i', async (script, status) => {
  expect(await run([...OWN, '--', 'sh', '-c', script])).toEqual({ status, stdout: '', stderr: '' })
})

test('a command that is not there, or is no program, is one line and the exit code of a shell', async () => {
  const file = join(folder, 'no-program')
  writeFileSync(file, '', { mode: 0o644 })
  onTestFinished(() => rmSync(file))
  for (const [program, status, code] of [
    ['binauthz-no-such-program', 127, 'ENOENT'],
    [file, 126, 'EACCES'],
  ] as const)
    expect(await run([...OWN, '--', program])).toEqual({
      status,
      stdout: '',
      stderr: `binauthz-emulator: "${program}" cannot be run (${code}).\n`,
    })
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
  '%s is passed on, and it is the command that decides what it ends with',
  async (signal) => {
    const script = `trap 'echo ${signal}; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
    const child = spawnMain([...OWN, '--', 'sh', '-c', script])
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('ready')
    child.kill(signal)
    expect((await lines.next()).value).toBe(signal)
    expect(await once(child, 'exit')).toEqual([5, null])
  },
)

test('an emulator that runs is used, and runs on', async () => {
  const emulator = await startTestEmulator()
  onTestFinished(() => emulator.close())
  const script = `echo "$BINAUTHZ_EMULATOR_URL"; ${ready}`
  const outcome = { status: 0, stdout: `${emulator.url}\n{"status":"READY"}`, stderr: '' }
  expect(await run(['exec', '--url', emulator.url, '--', 'sh', '-c', script])).toEqual(outcome)
  expect(await run(['exec', '--port', new URL(emulator.url).port, '--', 'sh', '-c', script])).toEqual(outcome)
  expect((await emulator.http('GET', '/_emulator/readyz')).status).toBe(200)
})

test('the one of the endpoints file is used; where the file tells of none, the command has its own', async () => {
  const file = join(folder, 'endpoints.json')
  const { url, end } = await start(['--no-seed', '--port', '0', '--project', 'of-the-file', '--endpoints-file', file])
  const echo = ['exec', '--endpoints-file', file, '--', 'sh', '-c', 'echo "$BINAUTHZ_EMULATOR_URL $CLOUDSDK_CORE_PROJECT"']
  expect((await run(echo)).stdout).toBe(`${url} of-the-file\n`)
  await end('SIGTERM')
  expect((await run(echo)).stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+ my-app-prod\n$/)
})

test('exec inside exec uses the emulator of the outer one', async () => {
  const script = `echo "$BINAUTHZ_EMULATOR_URL"; "$0" "$1" exec -- sh -c 'echo "$BINAUTHZ_EMULATOR_URL"'`
  const { stdout } = await run([...OWN, '--', 'sh', '-c', script, process.execPath, MAIN])
  const [outer, inner] = stdout.trim().split('\n')
  expect(outer).toMatch(/^http:/)
  expect(inner).toBe(outer)
})

test('options that say what an emulator holds start a new one, with that', async () => {
  const emulator = await startTestEmulator()
  onTestFinished(() => emulator.close())
  const seed = join(folder, 'seed.yaml')
  writeFileSync(seed, 'projects: {my-app-prod: {notes: {seeded: {attestation: {hint: {humanReadableName: Seeded}}}}}}')
  const script = 'curl -sf "$BINAUTHZ_EMULATOR_URL/v1/projects/my-app-prod/notes/seeded" | grep -c humanReadableName'
  const port = ['--port', new URL(emulator.url).port]
  expect(await run(['exec', ...port, '--seed', seed, '--', 'sh', '-c', script])).toEqual({ status: 0, stdout: '1\n', stderr: '' })
  const variable = { BINAUTHZ_EMULATOR_URL: emulator.url }
  expect(await run(['exec', '--seed', seed, '--', 'sh', '-c', script], variable)).toMatchObject({ stdout: '1\n' })
  expect(await run(['exec', '--url', emulator.url, '--seed', seed, '--', 'true'])).toEqual(
    refusal('--url names an emulator that runs, and other options describe a new one: give one or the other.'),
  )
})

test('where the emulator that is named does not answer, or its own does not start, the command is not run', async () => {
  const file = join(folder, 'ran')
  const touch = ['--', 'touch', file]
  expect(await run(['exec', '--url', 'http://127.0.0.1:1', ...touch])).toEqual(
    refusal('No emulator answers at http://127.0.0.1:1: start one there, or name another with --url.'),
  )
  expect(await run(['exec', '--seed', join(folder, 'nowhere.yaml'), ...touch])).toEqual(
    refusal(/^binauthz-emulator: The seed file cannot be read \(.*\): give another with --seed\.\n$/),
  )
  expect(existsSync(file)).toBe(false)
})

test('a client that is taken over reaches its own emulator by the host names of Google, and no other host', async () => {
  const script = `env | sort; curl -sS https://cloudkms.googleapis.com/v1/projects/my-app-prod/locations/global/keyRings | tr -d ' \\n'
    echo; curl -sS https://example.com; echo "$?"; stat -c %a "$NODE_EXTRA_CA_CERTS" "$GOOGLE_APPLICATION_CREDENTIALS"`
  const machine = { SSL_CERT_FILE: '/nowhere.pem', CURL_CA_BUNDLE: '/nowhere.pem', NO_PROXY: '.googleapis.com' }
  const { status, stdout } = await run([...OWN, '--client', 'node', '--', 'sh', '-c', script], machine)
  expect(status).toBe(0)
  const lines = stdout.trim().split('\n')
  const url = lines.find((line) => line.startsWith('BINAUTHZ_EMULATOR_URL='))!.slice('BINAUTHZ_EMULATOR_URL='.length)
  expect(lines).toEqual(
    expect.arrayContaining([`HTTPS_PROXY=${url}`, 'GCLOUD_PROJECT=my-app-prod', 'SSL_CERT_FILE=/nowhere.pem']),
  )
  expect(lines).not.toContainEqual(expect.stringMatching(/^CLOUDSDK_/))
  expect(lines.slice(-4)).toEqual([expect.stringMatching(/^\{.*\}$/), '56', '600', '600'])
  expect(readdirSync(folder).filter((name) => name.startsWith('binauthz-emulator-'))).toEqual([])
})

test('real credentials stop it before anything is started, unless it is to set them aside', async () => {
  const file = join(folder, 'ran')
  const real = { GOOGLE_OAUTH_ACCESS_TOKEN: 'real', CLOUDSDK_AUTH_ACCESS_TOKEN: 'real' }
  expect(await run([...OWN, '--', 'touch', file], real)).toEqual(
    refusal(
      'There are real credentials in the environment (GOOGLE_OAUTH_ACCESS_TOKEN, CLOUDSDK_AUTH_ACCESS_TOKEN): unset them, or set them aside with --force.',
    ),
  )
  expect(await run([...OWN, '--client', 'docker', '--mode', 'direct', '--', 'touch', file])).toEqual(
    refusal('docker has no mode direct: it has takeover.'),
  )
  expect(existsSync(file)).toBe(false)
  const echo = ['--', 'sh', '-c', 'echo "$GOOGLE_OAUTH_ACCESS_TOKEN|$CLOUDSDK_AUTH_ACCESS_TOKEN"']
  expect((await run([...OWN, '--force', ...echo], real)).stdout).toBe('|\n')
  expect((await run([...OWN, '--force', '--client', 'terraform', ...echo], real)).stdout).toBe('binauthz-emulator|\n')
})

test('exec inside exec takes what the outer one has given for no real credentials', async () => {
  const script = `"$0" "$1" exec --client go -- sh -c 'echo "$GOOGLE_OAUTH_ACCESS_TOKEN"; test -f "$SSL_CERT_FILE"'`
  const outer = [...OWN, '--client', 'node,terraform', '--', 'sh', '-c', script, process.execPath, MAIN]
  expect(await run(outer)).toEqual({ status: 0, stdout: 'binauthz-emulator\n', stderr: '' })
})

test('the data of its own emulator can be kept', async () => {
  const data = join(folder, 'data')
  const note = '"$BINAUTHZ_EMULATOR_URL/v1/projects/my-app-prod/notes'
  const body = `'{"attestation": {"hint": {"humanReadableName": "Kept"}}}'`
  const exec = (script: string) => run(['exec', '--data', data, '--no-seed', '--', 'sh', '-c', script])
  expect((await exec(`curl -sf ${note}?noteId=kept" -d ${body} -o /dev/null`)).status).toBe(0)
  expect((await exec(`curl -sf ${note}/kept" -o /dev/null`)).status).toBe(0)
  expect((await exec(`curl -sf ${note}/lost" -o /dev/null`)).status).not.toBe(0)
})

test('logs are the few that matter, unless a level is asked for', async () => {
  const { stderr } = await run([...OWN, '--log-level', 'debug', '--', 'sh', '-c', ready])
  expect(stderr).toContain('"url":"/_emulator/readyz"')
})

test('a reader that goes away does not end the command', async () => {
  const child = spawn(
    'sh',
    ['-c', `"$0" "$1" exec --no-seed -- sh -c 'echo a; sleep 0.1; echo b >&2' | head -c 1`, process.execPath, MAIN],
    {
      env: { PATH: process.env.PATH, TMPDIR: folder },
    },
  )
  const chunks: Buffer[] = []
  child.stderr.on('data', (chunk) => chunks.push(chunk))
  await once(child, 'close')
  expect(Buffer.concat(chunks).toString()).toBe('b\n')
})
