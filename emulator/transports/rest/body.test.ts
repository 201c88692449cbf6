import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { parseJson, readBody } from './body.ts'

const parse = (text: string | Buffer) => parseJson(Buffer.from(text as string))
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

test('an empty body and one of white space are no JSON at all', () => {
  expect(parse('')).toBeUndefined()
  expect(parse(' \r\n\t')).toBeUndefined()
})

test('literals are JSON', () => {
  expect([parse('null'), parse('[]'), parse('"text"'), parse('0')]).toEqual([null, [], 'text', 0])
})

test.each(['{', '{"a"', '{"a":}', '{"a":1}x', '{a:1}', "{'a':1}", '{"a":1,}', '"', '\ufeff{}', 'undefined', '{"a":NaN}', '\0'])(
  'what is no JSON is INVALID_ARGUMENT: %j',
  (text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^Invalid JSON payload received\. ./),
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ description: expect.stringMatching(/^Invalid JSON payload received\. ./) }],
          },
        ],
      }),
    )
  },
)

test('text that is not UTF-8 is refused, not repaired', () => {
  expect(() => parse(Buffer.from([0x22, 0xff, 0x22]))).toThrow('Encountered non UTF-8 code points.')
  expect(() => parse(Buffer.from([0x22, 0xc3, 0x22]))).toThrow('Encountered non UTF-8 code points.')
  expect(parse('"ü\\ud83d\\ude00"')).toBe('ü😀')
})

test('half a character, which only an escape can write, is refused', () => {
  for (const text of ['"\\ud800"', '{"a":["x\\uDFFF"]}', '{"\\udc00":1}', '"\\ude00\\ud83d"'])
    expect(() => parse(text), text).toThrow('Missing low surrogate.')
  expect(parse('["\\ud83d\\ude00", "\\\\ud800"]')).toEqual(['😀', '\\ud800'])
})

test('nesting is bounded at 100 levels, wherever brackets are no text', () => {
  expect(parse(nested(100))).toBeTypeOf('object')
  expect(() => parse(nested(101))).toThrow('Message too deep. Max recursion depth reached.')
  expect(() => parse('['.repeat(1_000_000))).toThrow('Message too deep.')
  expect(() => parse(`${'[{"a":'.repeat(50)}[1]${'}]'.repeat(50)}`)).toThrow('Message too deep.')
  expect(parse(JSON.stringify(Array(1000).fill([{}])))).toHaveLength(1000)
  expect(parse(JSON.stringify('[{"\\'.repeat(1000)))).toBe('[{"\\'.repeat(1000))
})

test('a body is read to its end', async () => {
  const stream = new PassThrough()
  const body = readBody(stream as unknown as IncomingMessage)
  stream.write('ab')
  stream.end('c')
  expect((await body).toString()).toBe('abc')
})

test('a body of 10 MiB is read, one byte more is refused once it is all there', async () => {
  const half = Buffer.alloc(5 * 1024 * 1024)
  for (const [last, outcome] of [
    [half, half.length * 2],
    [Buffer.alloc(half.length + 1), 'refused'],
  ] as const) {
    const stream = new PassThrough()
    const body = readBody(stream as unknown as IncomingMessage)
    stream.write(half)
    stream.end(last)
    const size = await body.then(
      ({ length }) => length,
      (error) => (/^Request payload size exceeds the limit: 10485760 bytes\.$/.test(error.message) ? 'refused' : error),
    )
    expect(size).toBe(outcome)
  }
})

test('a client that goes away in the middle of its body ends the reading', async () => {
  const stream = new PassThrough()
  const body = readBody(stream as unknown as IncomingMessage)
  stream.write('{"a"')
  stream.destroy()
  await expect(body).rejects.toThrow('the client went away')
})
