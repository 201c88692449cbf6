// The commands of docs/gcloud.md, run as they stand there by one shell.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALLOWED, admit, deniedByAttestors, pod } from '../admission.ts'
import { newDigest } from '../attestations.ts'
import { run, temporaryFolder } from '../commands.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { blocks, DOCUMENTED_URL, section } from '../markdown.ts'
import { hasGcloud } from './gcloud.ts'

let emulator: Emulator

describe.skipIf(!hasGcloud('sdk-tests/gcloud/guide.test.ts'))('the guide for gcloud', () => {
  beforeAll(async () => {
    emulator = await startEmulator('--no-seed')
  })
  afterAll(async () => {
    expect(await emulator.stop()).toBe(0)
  })

  test('sets an environment, signs, attests and requires; admission then allows the image and denies another', async () => {
    const commands = ['The environment', 'Sign, attest, require'].flatMap((heading) =>
      blocks(section('docs/gcloud.md', heading), 'sh'),
    )
    const folder = temporaryFolder()
    const script = ['set -euo pipefail', ...commands, 'echo "$IMAGE"'].join('\n').replaceAll(DOCUMENTED_URL, emulator.url)
    const env = { ...process.env, HOME: folder, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    const { code, stdout, stderr } = await run('bash', ['-c', script], { cwd: folder, env })
    expect(code, stderr).toBe(0)
    expect(stderr).not.toMatch(/warning|error/i)
    const image = stdout.trimEnd().split('\n').at(-1)!
    expect(stdout).toContain(`resourceUri: ${image}`)
    expect((await admit(emulator, 'my-app-prod', pod(image))).response).toEqual(ALLOWED)
    const other = image.replace(/sha256:.*/, newDigest())
    expect((await admit(emulator, 'my-app-prod', pod(other))).response).toEqual(
      deniedByAttestors(other, ['projects/my-app-prod/attestors/scanned']),
    )
  })
})
