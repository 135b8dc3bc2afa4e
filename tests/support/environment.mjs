// The environment of the tests: nothing of the machine that decides about telemetry.
import { readFileSync } from 'node:fs'

const KEPT = readFileSync(new URL('kept_variables.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

function isKept(name) {
  return KEPT.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

/** Removes every other variable from this process, and so from the processes it starts. */
export function clearEnvironment() {
  for (const name of Object.keys(process.env)) if (!isKept(name)) delete process.env[name]
}

/** The environment of a user who has said nothing about telemetry and lives in `home`. */
export function cleanEnvironment(home, more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => isKept(name))
  return { ...Object.fromEntries(kept), HOME: home, ...more }
}
