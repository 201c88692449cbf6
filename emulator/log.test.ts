import { expect, test } from 'vitest'
import { createLogger } from './log.ts'

function logged(level: string, write: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = []
  write(createLogger(level, (line) => void lines.push(line)))
  return lines
}

test('a log is one line of JSON with level, time and message', () => {
  const [line] = logged('info', (log) => log.info({ text: 'two\nlines', nanos: 5n }, 'ready'))
  expect(line).toMatch(/^[^\n]+\n$/)
  expect(JSON.parse(line!)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    message: 'ready',
    text: 'two\nlines',
    nanos: '5',
  })
})

test('what is less grave than the level is not logged', () => {
  const all = (log: ReturnType<typeof createLogger>) => {
    log.debug({}, 'd')
    log.info({}, 'i')
    log.warn({}, 'w')
    log.error({}, 'e')
  }
  expect(logged('debug', all).map((line) => JSON.parse(line).level)).toEqual(['debug', 'info', 'warn', 'error'])
  expect(logged('warn', all).map((line) => JSON.parse(line).level)).toEqual(['warn', 'error'])
  expect(logged('silent', all)).toEqual([])
})

test('an error is logged with its stack and its cause', () => {
  const err = new TypeError('no such thing', { cause: new Error('because') })
  const [line] = logged('error', (log) => log.error({ err }, 'internal error'))
  expect(JSON.parse(line!).err).toMatchObject({
    message: 'no such thing',
    stack: expect.stringContaining('TypeError: no such thing\n    at '),
    cause: { message: 'because' },
  })
})
