// IP addresses and ranges of ip_in_net: `10.1.2.3`, `10.1.2.0/24`, `1:2::/48`.

export interface IpRange {
  bits: 32 | 128
  address: bigint
  prefix: number
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return undefined
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n)
}

function ipv6(text: string): bigint | undefined {
  // the last 32 bits may be written as an IPv4 address
  const [, head = '', tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? []
  const last = tail === undefined ? undefined : ipv4(tail)
  if (tail !== undefined && last === undefined) return undefined
  const written = last === undefined ? text : `${head}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`
  const halves = written.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) + BigInt(`0x${group}`), 0n)
}

/** Undefined for what is neither an address nor a range. */
export function ipRange(text: string): IpRange | undefined {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bits = host.includes(':') ? 128 : 32
  const address = bits === 32 ? ipv4(host) : ipv6(host)
  const prefix = length === undefined ? bits : Number(length)
  return address === undefined || prefix > bits ? undefined : { bits, address, prefix }
}

/** Is all of `inner` in `outer`? */
export function isInNet(inner: IpRange, outer: IpRange): boolean {
  if (inner.bits !== outer.bits || inner.prefix < outer.prefix) return false
  const shift = BigInt(outer.bits - outer.prefix)
  return inner.address >> shift === outer.address >> shift
}
