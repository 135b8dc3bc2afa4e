import * as candor from './index.js'

export * from './index.js'
export default candor
