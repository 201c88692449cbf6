// A load client that costs little beside the server it measures: raw keep-alive sockets, requests made beforehand.
import { connect } from 'node:net'

export interface LoadResult {
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
}

export const postRequest = (path: string, body: unknown) => jsonRequest('POST', path, body)

/** The bytes of a request with JSON. */
export function jsonRequest(method: string, path: string, body: unknown): Buffer {
  const text = JSON.stringify(body)
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}

/** Sends `count` requests, `request(i)` each, over `inFlight` connections. Every answer must be a 200 that contains `expected`. */
export async function load(
  url: string,
  {
    count,
    inFlight,
    request,
    expected,
  }: { count: number; inFlight: number; request: (index: number) => Buffer; expected: string },
): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const times: number[] = []
  let next = 0
  const begin = process.hrtime.bigint()
  const lane = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      let received = ''
      let sentAt = 0n
      const send = () => {
        if (next >= count) {
          socket.end()
          return resolve()
        }
        received = ''
        sentAt = process.hrtime.bigint()
        socket.write(request(next++))
      }
      socket.setNoDelay(true)
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
        const end = received.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1])
        if (received.length < end + 4 + length) return
        if (!received.startsWith('HTTP/1.1 200') || !received.includes(expected))
          return reject(new Error(`unexpected answer: ${received.slice(0, 500)}`))
        times.push(Number(process.hrtime.bigint() - sentAt) / 1e6)
        send()
      })
    })
  await Promise.all(Array.from({ length: inFlight }, lane))
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  return summary(times, seconds)
}

/** `times` in milliseconds. */
export function summary(times: number[], seconds: number): LoadResult {
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))]!
  return { perSecond: times.length / seconds, p50: quantile(0.5), p99: quantile(0.99) }
}
