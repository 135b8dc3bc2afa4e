// Required, as in index.mjs, for the same state.
import { createRequire } from 'node:module'

export const { capture } = createRequire(import.meta.url)('./testing.js')
