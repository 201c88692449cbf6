// The CA of a cluster: a certificate that is good to be trusted, and whose key nobody has, because nothing is served under it.
// DER by hand (https://datatracker.ietf.org/doc/html/rfc5280): node:crypto reads certificates and writes none.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { Context } from '../../core/service.ts'

const YEARS = 30

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const lengthBytes = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content])
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const octets = (content: Buffer) => der(0x04, content)

const ECDSA_WITH_SHA256 = sequence(hex('06 08 2a8648ce3d040302'))
const COMMON_NAME = hex('06 03 550403')
const CRITICAL = hex('01 01 ff')
/** basicConstraints: a CA. keyUsage: keyCertSign. Then the id of subjectKeyIdentifier. */
const IS_CA = sequence(hex('06 03 551d13'), CRITICAL, octets(sequence(hex('01 01 ff'))))
const SIGNS_CERTIFICATES = sequence(hex('06 03 551d0f'), CRITICAL, octets(hex('03 02 0204')))
const SUBJECT_KEY_ID = hex('06 03 551d0e')

/** UTCTime up to 2049, then GeneralizedTime. */
function timeOf(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}

/** A new CA for P-256, valid for 30 years, named by an id as GKE's are: base64 of its PEM. */
export function newClusterCa(ctx: Context): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x13, Buffer.from(ctx.ids.uuid())))))
  const end = new Date(ctx.now())
  end.setUTCFullYear(end.getUTCFullYear() + YEARS)
  const serial = ctx.ids.bytes(16)
  serial[0] = (serial[0]! & 0x3f) | 0x40 // positive, and without a leading zero
  const keyId = createHash('sha256').update(spki).digest().subarray(0, 20)
  const certificate = sequence(
    der(0xa0, hex('02 01 02')),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(timeOf(ctx.now()), timeOf(end)),
    name,
    spki,
    der(0xa3, sequence(IS_CA, SIGNS_CERTIFICATES, sequence(SUBJECT_KEY_ID, octets(octets(keyId))))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', certificate, privateKey))
  const base64 = sequence(certificate, ECDSA_WITH_SHA256, signature).toString('base64')
  const pem = `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return Buffer.from(pem).toString('base64')
}
