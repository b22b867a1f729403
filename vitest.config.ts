import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Three projects (docs/architecture.md, "Tests"): what each needs decides where a test lives.
//   core      every input is built by the test itself
//   captures  *.captures.test.ts: reads the shared folder of real captures
//   services  *.services.test.ts: starts real services (Kafka …)
/** Programs that tests start again and again load compiled code: half a second each. */
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'wardwatch-test-compile-cache') }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'core',
          env,
          include: ['tests/**/*.test.ts'],
          exclude: ['**/*.captures.test.ts', '**/*.services.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
          // One less than the cores would be one on a small machine, and many tests wait.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        test: {
          name: 'captures',
          env,
          include: ['tests/**/*.captures.test.ts'],
          testTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'services',
          env,
          include: ['tests/**/*.services.test.ts'],
          globalSetup: ['tests/support/start-services.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
