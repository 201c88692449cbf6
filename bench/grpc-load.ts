// A load client for gRPC that costs less than grpc-js beside the server it measures: node:http2 and messages made beforehand.
import { connect } from 'node:http2'
import { type LoadResult, summary } from './load.ts'

/** A protobuf field of type string, bytes or message. */
export function field(number: number, ...content: (string | Buffer)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)))
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

/** A message as gRPC frames it: not compressed, its length, itself. */
export function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Calls `method` `count` times over one connection, `inFlight` at once. Every answer must have a message and grpc-status 0. */
export async function grpcLoad(
  url: string,
  { method, count, inFlight, request }: { method: string; count: number; inFlight: number; request: (index: number) => Buffer },
): Promise<LoadResult> {
  const session = connect(url)
  const headers = { ':method': 'POST', ':path': `/${method}`, 'content-type': 'application/grpc', te: 'trailers' }
  const times: number[] = []
  let next = 0
  const call = (message: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const begin = process.hrtime.bigint()
      const stream = session.request(headers)
      let received = 0
      let status: unknown
      let why: unknown
      stream.on('response', (response) => {
        status = response['grpc-status']
        why = response['grpc-message']
      })
      stream.on('trailers', (trailers) => {
        status = trailers['grpc-status']
        why = trailers['grpc-message']
      })
      stream.on('data', (chunk) => {
        received += chunk.length
      })
      stream.on('error', reject)
      stream.on('end', () => {
        times.push(Number(process.hrtime.bigint() - begin) / 1e6)
        if (received === 0 || status !== '0') reject(new Error(`${method}: grpc-status ${status}: ${why}`))
        else resolve()
      })
      stream.end(message)
    })
  const lane = async () => {
    while (next < count) await call(request(next++))
  }
  const begin = process.hrtime.bigint()
  await Promise.all(Array.from({ length: inFlight }, lane))
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  session.close()
  return summary(times, seconds)
}
