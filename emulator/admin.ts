// What is the emulator's own: health, reset, and the API documents, all below /_emulator/.
import { readFileSync } from 'node:fs'
import { type Database, replaceContent } from './core/database.ts'
import { isEmptyObject } from './core/json.ts'
import { type HttpRequest, type HttpResponse, io, type Route } from './core/service.ts'
import { invalidArgument, notFound } from './core/status.ts'

const ok = (body: unknown): HttpResponse => ({ status: 200, body })

function openapi({ params }: HttpRequest): HttpResponse {
  const file = params.file ?? ''
  if (!/^[a-z0-9.-]+\.yaml$/.test(file)) throw notFound(`No API document ${file}.`)
  try {
    const body = readFileSync(new URL(`../openapi/${file}`, import.meta.url), 'utf8')
    return { status: 200, headers: { 'content-type': 'application/yaml; charset=UTF-8' }, body }
  } catch {
    throw notFound(`No API document ${file}.`)
  }
}

/** Whoever sends one expects something of it, and there is nothing that it could do. */
function refuseBody(request: HttpRequest) {
  const body = request.json()
  if (body !== undefined && !isEmptyObject(body))
    throw invalidArgument('A reset takes no request body: it goes back to the seed that the emulator was started with.')
}

/** `seededStore` gives a store that holds the seed and nothing else, `identity` the CA that clients are to trust. */
export const adminRoutes = (seededStore: () => Promise<Database>, identity: () => Promise<{ caPem: string }>): Route[] => [
  { method: 'GET', path: '/_emulator/healthz', run: () => ok({ status: 'SERVING' }) },
  // the server listens only after migrations and seed, so whoever is answered is answered by a ready emulator
  { method: 'GET', path: '/_emulator/readyz', run: () => ok({ status: 'READY' }) },
  {
    method: 'POST',
    path: '/_emulator/reset',
    run: io(
      (request: HttpRequest) => {
        refuseBody(request)
        return seededStore()
      },
      (_request, ctx, store: Database) => {
        replaceContent(ctx.db, store)
        return ok({})
      },
    ),
  },
  {
    method: 'GET',
    path: '/_emulator/ca.pem',
    run: io(identity, (_request, _ctx, { caPem }: { caPem: string }) => ({
      status: 200,
      headers: { 'content-type': 'application/x-pem-file' },
      body: caPem,
    })),
  },
  { method: 'GET', path: '/_emulator/openapi/{file}', run: openapi },
]
