// The one copy of the package's state is the CommonJS module's. Required rather than imported,
// because bundlers and test runners make a copy of their own of what is imported.
import { createRequire } from 'node:module'

const candor = createRequire(import.meta.url)('./index.js')

export const { open, Client, RejectedError, version } = candor
export default candor
