// What the suites of calls have in common: a client without TLS, its errors and its pages.
import { expect } from 'vitest'
import type { Emulator } from '../emulator.ts'
import { createClients } from './clients.ts'

/** Clients without TLS and credentials, by gRPC or by REST. */
export const connect = ({ url }: Emulator, fallback: boolean) =>
  createClients({ apiEndpoint: '127.0.0.1', port: Number(new URL(url).port), insecure: true, fallback })

/** The error of a call that must fail. */
export const errorOf = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error) => error,
  )

/** All that an iterator of pages gives. */
export async function collect(pages: AsyncIterable<any>): Promise<any[]> {
  const all: any[] = []
  for await (const item of pages) all.push(item)
  return all
}
