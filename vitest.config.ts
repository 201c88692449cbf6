import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['emulator/**/*.test.ts', 'openapi/**/*.test.ts', 'build/**/*.test.ts'],
    testTimeout: 30_000,
  },
})
