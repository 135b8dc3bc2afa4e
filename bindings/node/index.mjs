import candor from './index.js'

export const { open, Client, RejectedError, version } = candor
export default candor
