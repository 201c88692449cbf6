// The gpg command line as an independent signer, for tests.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const hasGpg = spawnSync('gpg', ['--version']).status === 0

export type GpgHome = ReturnType<typeof gpgHome>

/** Makes an empty GnuPG home. Where a time `at` is given, gpg believes that it is then. */
export function gpgHome() {
  const home = mkdtempSync(join(tmpdir(), 'gnupg-'))
  const env = { ...process.env, GNUPGHOME: home }
  const unattended = ['--no-tty', '--pinentry-mode', 'loopback', '--yes', '--quiet']

  function gpg(args: string[], { input = '', at }: { input?: Buffer | string; at?: string } = {}): Buffer {
    const time = at ? ['--faked-system-time', `${Date.parse(at) / 1000}!`] : []
    const options = [...unattended, '--batch', '--passphrase', '', ...time, ...args]
    return execFileSync('gpg', options, { input, env, stdio: 'pipe', maxBuffer: 1 << 28 })
  }

  let keys = 0
  return {
    gpg,
    /** Answers the questions that `args` makes gpg ask, a line each; returns what it prints. */
    answer: (args: string[], ...lines: string[]): Buffer =>
      spawnSync('gpg', [...unattended, '--command-fd', '0', ...args], { input: `${lines.join('\n')}\n`, env }).stdout,
    /** Makes a key without passphrase; returns its fingerprint. */
    newKey(algorithm = 'ed25519', usage = 'sign', expires = 'never', at?: string): string {
      const user = `attestor-${++keys}@example.com`
      gpg(['--quick-generate-key', user, algorithm, usage, expires], { at })
      return /^fpr:+([0-9A-F]{40}):/m.exec(gpg(['--with-colons', '--list-keys', user]).toString())![1]!
    },
    exported: (fingerprint: string): string => gpg(['--armor', '--export', fingerprint]).toString(),
    /** Stops the agent that gpg has started for this home, and removes it. */
    close() {
      spawnSync('gpgconf', ['--kill', 'all'], { env })
      rmSync(home, { recursive: true, force: true })
    },
  }
}
