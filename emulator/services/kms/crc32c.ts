// CRC-32C (Castagnoli), the checksum in every `…Crc32c` field of Cloud KMS: https://cloud.google.com/kms/docs/data-integrity-guidelines
// node:zlib's crc32 uses another polynomial.

/** Eight tables of 256 ("slicing by 8"): table k holds the CRC of a byte followed by k zero bytes. */
const tables = sliceTables()

function sliceTables(): Uint32Array {
  const slices = new Uint32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    slices[byte] = crc
  }
  for (let i = 256; i < slices.length; i++) slices[i] = (slices[i - 256]! >>> 8) ^ slices[slices[i - 256]! & 0xff]!
  return slices
}

/** The CRC-32C of `bytes` as an unsigned 32-bit number (RFC 3720, appendix B.4). In ProtoJSON it is written as a decimal string. */
export function crc32c(bytes: Uint8Array): number {
  const t = tables
  const end = bytes.length
  let crc = -1
  let i = 0
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t[1792 + (crc & 0xff)]! ^
      t[1536 + ((crc >>> 8) & 0xff)]! ^
      t[1280 + ((crc >>> 16) & 0xff)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}
