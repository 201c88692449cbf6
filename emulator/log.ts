// Logs: one JSON object a line, on stderr. (A library for this would be a tenth of the start-up time.)
import type { Logger } from './core/service.ts'

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40, silent: 50 }
type Level = keyof typeof LEVELS

export const LOG_LEVELS = Object.keys(LEVELS)

/** Writes what is at least as grave as `level`. Errors in the fields keep their stack. */
export function createLogger(level: string, write = (line: string) => void process.stderr.write(line)): Logger {
  const logOf = (name: Exclude<Level, 'silent'>) => (fields: object, message: string) => {
    if (LEVELS[name] < LEVELS[level as Level]) return
    write(`${JSON.stringify({ level: name, time: new Date().toISOString(), message, ...fields }, plain)}\n`)
  }
  return { debug: logOf('debug'), info: logOf('info'), warn: logOf('warn'), error: logOf('error') }
}

function plain(_key: string, value: unknown) {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return { ...value, message: value.message, stack: value.stack, cause: value.cause }
  return value
}
