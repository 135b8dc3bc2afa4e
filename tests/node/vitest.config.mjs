import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*.test.mjs'],
    // Processes, because an environment that a test changes is the whole process's.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 600_000,
    // Plain text where it is no terminal.
    reporters: ['default'],
  },
})
