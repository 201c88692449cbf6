// @ts-check
// What the threads of sign.ts run: RSA signatures over a digest (RFC 8017, sections 8.1 and 8.2).
// Plain JavaScript, and importing nothing of ours: worker threads load this file as it is, also from the bundle and on Node 22.
import { constants, hash, privateEncrypt, randomBytes } from 'node:crypto'

/** @typedef {{ key: import('node:crypto').KeyObject, modulusLength: number, scheme: 'pss' | 'pkcs1', digestName: string, digest: Uint8Array }} RsaTask */

/** DER of DigestInfo up to the digest itself (RFC 8017, section 9.2, note 1).
 * @type {Record<string, Buffer>} */
const DIGEST_INFO = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
}

/** @type {Record<RsaTask['scheme'], (task: RsaTask) => Uint8Array>} */
const SCHEMES = {
  pkcs1: ({ key, digestName, digest }) => {
    const prefix = DIGEST_INFO[digestName]
    if (!prefix) throw new Error(`No DigestInfo of ${digestName}.`)
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([prefix, digest]))
  },
  pss: ({ key, modulusLength, digestName, digest }) =>
    privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(digestName, digest, modulusLength / 8)),
}

/** The signature, as long as the modulus.
 * @param {RsaTask} task
 * @returns {Uint8Array} */
export function signRsa(task) {
  return SCHEMES[task.scheme](task)
}

/** EMSA-PSS-ENCODE (RFC 8017, section 9.1.1) with MGF1 over the same hash and a salt as long as the hash, as Cloud KMS has it.
 * @param {string} digestName
 * @param {Uint8Array} digest
 * @param {number} length bytes of the modulus, whose bits are a multiple of 8
 * @returns {Buffer} */
function encodePss(digestName, digest, length) {
  const salt = randomBytes(digest.length)
  const h = hash(digestName, Buffer.concat([Buffer.alloc(8), digest, salt]), 'buffer')
  const padding = Buffer.alloc(length - 2 * digest.length - 2)
  const masked = Buffer.concat([padding, Buffer.of(1), salt])
  const mask = mgf1(digestName, h, masked.length)
  for (let i = 0; i < masked.length; i++) masked.writeUInt8(masked.readUInt8(i) ^ mask.readUInt8(i), i)
  masked.writeUInt8(masked.readUInt8(0) & 0x7f, 0) // the encoded message has one bit less than the modulus
  return Buffer.concat([masked, h, Buffer.of(0xbc)])
}

/** The mask generation function of RFC 8017, appendix B.2.1.
 * @param {string} digestName
 * @param {Buffer} seed
 * @param {number} length
 * @returns {Buffer} */
function mgf1(digestName, seed, length) {
  const blocks = []
  for (let made = 0, counter = 0; made < length; made += seed.length, counter++) {
    const suffix = Buffer.alloc(4)
    suffix.writeUInt32BE(counter)
    blocks.push(hash(digestName, Buffer.concat([seed, suffix]), 'buffer'))
  }
  return Buffer.concat(blocks, length)
}
