// What a start without --seed begins with. The build puts the parsed tree in place of this file, because to load a YAML parser and
// read the demo takes as long as half of what Node itself takes to start.
import { fileURLToPath } from 'node:url'
import { readSeedFile } from './seed-file.ts'
import type { SeedValue } from './seed-value.ts'

export const demoSeed = (project: string): SeedValue =>
  readSeedFile(fileURLToPath(new URL('../seed/demo.yaml', import.meta.url)), project, 'seed/demo.yaml')
