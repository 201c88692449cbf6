import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

test('crc32c gives the values of RFC 3720, appendix B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)
  const readCommand = Buffer.from(
    '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' + '0200000000000000',
    'hex',
  )
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(ascending)).toBe(0x46dd794e)
  expect(crc32c(ascending.toReversed())).toBe(0x113fdb5c)
  expect(crc32c(readCommand)).toBe(0xd9963a56)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('the checksum of nothing is 0', () => {
  expect(crc32c(new Uint8Array(0))).toBe(0)
})

test('crc32c equals the bitwise definition for every length and offset within a buffer', () => {
  const bitwise = (bytes: Uint8Array): number => {
    let crc = 0xffffffff
    for (const byte of bytes) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    }
    return ~crc >>> 0
  }
  const bytes = randomBytes(200)
  for (let length = 0; length <= 100; length++) {
    const part = bytes.subarray(length, length * 2)
    expect(crc32c(part)).toBe(bitwise(part))
  }
})
