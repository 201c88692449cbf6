#!/usr/bin/env node
// Checks the Node version before anything else is loaded: older ones end in a segmentation fault inside SQLite.
const major = Number(process.versions.node.split('.')[0])
if (major < 22) {
  process.stderr.write(
    `binauthz-emulator needs Node 22 or newer, this is ${process.version}: run it by npm start in its folder, or update Node.\n`,
  )
  process.exit(1)
}
// @ts-expect-error: made by the build
await import('../dist/main.js')
