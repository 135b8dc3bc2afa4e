// How ktx opens candor's client.
import { readFileSync } from 'node:fs'
import { open } from 'candor'

const CATALOG = new URL('../../schema/ktx.telemetry.jsonc', import.meta.url)
const PACKAGE = new URL('package.json', import.meta.url)

export const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8'))

/** Opens the client and says install_first_run where this is the first run. */
export function openTelemetry(project) {
  const telemetry = open({
    catalog: CATALOG,
    productVersion: version,
    projectDir: project.exists() ? project.directory : undefined,
    // The daemon of the same install is handed this too, so that both say the same.
    sources: { 'host.nodeVersion': process.versions.node },
  })
  if (telemetry.firstRun) telemetry.emit('install_first_run')
  return telemetry
}
