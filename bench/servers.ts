// The processes that are measured: the built emulator, and a bare node:http server as the measure of what is possible.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Server {
  url: string
  pid: number
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))

async function started(child: ChildProcess): Promise<Server> {
  const lines = createInterface({ input: child.stdout! })
  const [url] = (await once(lines, 'line')) as [string]
  return {
    url,
    pid: child.pid!,
    async stop() {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

export const startEmulator = (...flags: string[]) =>
  started(
    spawn(process.execPath, ['bin/binauthz-emulator.js', 'start', '--port', '0', '--log-level', 'error', ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )

/** Parses the review and answers it, and does nothing else. */
const BARE = `
import { createServer } from 'node:http'
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString())
    const text = JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response: { uid: review.request.uid, allowed: true } }, null, 2)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
  })
})
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))`

/** A grpc-js server whose one method answers the bytes that it was asked with. */
const EMPTY_GRPC = `
import { Server, ServerCredentials } from '@grpc/grpc-js'
const server = new Server({ 'grpc.enable_channelz': 0 })
const asIs = (bytes) => bytes
server.register('/bench.Empty/Handle', ({ request }, callback) => callback(null, request), asIs, asIs, 'unary')
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => console.log('http://127.0.0.1:' + port))`

export const startEmptyGrpcServer = () =>
  started(
    spawn(process.execPath, ['--input-type=module', '--eval', EMPTY_GRPC], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }),
  )

/** Parses a JSON body and answers it. */
const BARE_JSON = `
import { createServer } from 'node:http'
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const text = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()), null, 2)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
  })
})
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))`

export const startBareJsonServer = () =>
  started(spawn(process.execPath, ['--input-type=module', '--eval', BARE_JSON], { stdio: ['ignore', 'pipe', 'inherit'] }))

export const startBareServer = () =>
  started(spawn(process.execPath, ['--input-type=module', '--eval', BARE], { stdio: ['ignore', 'pipe', 'inherit'] }))

/** Resident memory in MB; Linux only. */
export const residentMegabytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** CPU seconds that a process has used; Linux only (100 ticks a second). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** CPU seconds of `node -e 0`: what no program of Node can go below. */
export async function cpuOfEmptyNode(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write(JSON.stringify(process.cpuUsage()))'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout!) text += chunk
  const { user, system } = JSON.parse(text)
  return (user + system) / 1e6
}
