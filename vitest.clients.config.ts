// The client suites: real gcloud, openssl, gpg, curl against a running emulator. `.ci/run` and `npm run test:clients` run them.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['sdk-tests/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
})
