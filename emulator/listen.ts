// Where an emulator can be reached.
import type { AddressInfo, Server } from 'node:net'
import { StartError } from './core/database.ts'

/** Listens, and resolves with the address that it has. Rejects with StartError where it cannot. */
export function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const inUse =
        code === 'EADDRINUSE' &&
        `Port ${port} is in use: stop what listens there, or choose another with --port (0 takes a free one).`
      reject(new StartError(inUse || `Cannot listen on ${host}:${port} (${message}): choose others with --host and --port.`))
    })
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}

export const urlOf = (address: string, port: number) => `http://${address.includes(':') ? `[${address}]` : address}:${port}`

const OF_EVERY_ADDRESS: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** The URL for clients on this machine: who listens at every address is reached at the loopback one. */
export const localUrlOf = (address: string, port: number) => urlOf(OF_EVERY_ADDRESS[address] ?? address, port)
