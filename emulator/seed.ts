import { fileURLToPath } from 'node:url'
import type { Database } from './core/database.ts'
import type { Dispatcher } from './core/dispatch.ts'

export const DEMO_SEED = fileURLToPath(new URL('../seed/demo.yaml', import.meta.url))
export async function replaySeed(_: { file: string; project: string; dispatcher: Dispatcher; db: Database }) {}
