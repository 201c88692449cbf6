// `require('binauthz-emulator')`. Checks the Node version before anything else is loaded.
const { nodeProblem } = require('./node-version.cjs')

if (nodeProblem) throw new Error(`${nodeProblem}: update Node.`)
module.exports = require('../dist/library.cjs')
