import testing from './testing.js'

export const { capture } = testing
