// CRC32C, by which clients of Cloud KMS see that nothing was changed on the way
// (https://cloud.google.com/kms/docs/data-integrity-guidelines).

/** As a protobuf Int64Value has it. */
export function crc32c(bytes: Uint8Array): { value: string } {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return { value: String((crc ^ 0xffffffff) >>> 0) }
}
