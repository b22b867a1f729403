import { defineConfig } from 'vitest/config'

// Three projects (docs/architecture.md, "Tests"): what each needs decides where a test lives.
//   core      every input is built by the test itself
//   captures  *.captures.test.ts: reads the shared folder of real captures
//   services  *.services.test.ts: starts real services (Kafka …)
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'core',
          include: ['tests/**/*.test.ts'],
          exclude: ['**/*.captures.test.ts', '**/*.services.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'captures',
          include: ['tests/**/*.captures.test.ts'],
          testTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'services',
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
