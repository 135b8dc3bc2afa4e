import { defineConfig } from 'vitest/config'

import { clearEnvironment } from '../support/environment.mjs'

// Package managers may need what tests must not see: a proxy, certificates, a registry.
const machineEnvironment = { ...process.env }
// Here, because the processes of the tests inherit this one's environment.
clearEnvironment()

export default defineConfig({
  test: {
    provide: { machineEnvironment },
    include: ['*.test.mjs'],
    // Processes, because an environment that a test changes is the whole process's.
    pool: 'forks',
    // Only a guard against a test that hangs: a slow machine may take ten times longer than a fast one.
    testTimeout: 600_000,
    // What hooks build takes as long as it takes.
    hookTimeout: 0,
    expect: { poll: { timeout: 300_000 } },
    // Plain text where it is no terminal.
    reporters: ['default'],
  },
})
