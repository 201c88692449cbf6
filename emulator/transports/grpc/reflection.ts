// Server reflection (https://grpc.io/docs/guides/reflection/): grpcurl and its like learn the services here, with no .proto file.
import type { Server, ServerDuplexStream } from '@grpc/grpc-js'
import { CODES, invalidArgument, notFound, StatusError } from '../../core/status.ts'
import { grpcError } from './health.ts'
import { readMessage, writeMessage } from './messages.ts'
import { type ApiFiles, filesOf, withImports } from './reflection-files.ts'

/** What the emulator serves beside the APIs. */
const OWN_API = 'grpc'
const VERSIONS = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection']
const OWN_SERVICES = ['grpc.health.v1.Health', ...VERSIONS]

/** `ServerReflectionRequest`: at most one beside `host`. */
interface Request {
  host?: string
  fileByFilename?: string
  fileContainingSymbol?: string
  fileContainingExtension?: { containingType?: string; extensionNumber?: number }
  allExtensionNumbersOfType?: string
  listServices?: string
}

/** The names of the files that a stream has been sent. */
type Sent = Set<string>

/** The `message_response` of `ServerReflectionResponse`. */
type Answer = Record<string, object>

type Question = Exclude<keyof Request, 'host'>
type Answers = { [Q in Question]: (value: NonNullable<Request[Q]>, sent: Sent) => Answer }

function answersFrom(files: ApiFiles, serviceNames: () => string[]): Answers {
  const fileAnswer = (file: ReturnType<ApiFiles['byName']>, what: string, sent: Sent): Answer => {
    if (!file) throw notFound(`${what} is not known here.`)
    return { fileDescriptorResponse: { fileDescriptorProto: withImports(file, sent) } }
  }
  return {
    fileByFilename: (name, sent) => fileAnswer(files.byName(name), `File ${name}`, sent),
    fileContainingSymbol: (symbol, sent) => fileAnswer(files.bySymbol(symbol), `Symbol ${symbol}`, sent),
    fileContainingExtension: ({ containingType = '', extensionNumber = 0 }, sent) =>
      fileAnswer(files.byExtension(containingType, extensionNumber), `Extension ${extensionNumber} of ${containingType}`, sent),
    allExtensionNumbersOfType(name) {
      const extensionNumber = files.extensionNumbers(name)
      if (!extensionNumber) throw notFound(`Message ${name} is not known here.`)
      return { allExtensionNumbersResponse: { baseTypeName: name, extensionNumber } }
    },
    listServices: () => ({ listServicesResponse: { service: serviceNames().map((name) => ({ name })) } }),
  }
}

/** The answer, or the error as one: it is of this question alone, and the stream goes on. */
function answerTo(request: Request, answers: Answers, sent: Sent): Answer {
  try {
    const [question] = Object.keys(request).filter((key): key is Question => key in answers)
    if (!question) throw invalidArgument('message_request is required.')
    const answer = answers[question] as (value: unknown, sent: Sent) => Answer
    return answer(request[question], sent)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return { errorResponse: { errorCode: CODES[error.code].number, errorMessage: error.message } }
  }
}

/** Registers `ServerReflectionInfo` of grpc.reflection.v1 and v1alpha.
 * `apis`: the ids of descriptor sets; `services`: the `package.Service` names that are served of one, known without reading its set.
 * Listed are those, health checking and reflection itself. A set is read at the first question that needs it. A question with no answer
 * has NOT_FOUND (none at all: INVALID_ARGUMENT) as its `error_response`; bytes that are no message end the stream, INVALID_ARGUMENT. */
export function addReflection(server: Server, apis: string[], services: (api: string) => string[]): void {
  const all = [OWN_API, ...apis]
  const servicesOf = (api: string) => (api === OWN_API ? OWN_SERVICES : services(api))
  const answers = answersFrom(filesOf(all, servicesOf), () => [...new Set(all.flatMap(servicesOf))].sort())
  const asIs = (bytes: Buffer) => bytes

  for (const version of VERSIONS) {
    const method = `${version}/ServerReflectionInfo`

    const reply = (bytes: Buffer, sent: Sent) => {
      const originalRequest = readMessage(OWN_API, method, bytes)
      const { host = '' } = originalRequest
      return Buffer.from(
        writeMessage(OWN_API, method, { validHost: host, originalRequest, ...answerTo(originalRequest, answers, sent) }),
      )
    }

    const serverReflectionInfo = (call: ServerDuplexStream<Buffer, Buffer>) => {
      const sent: Sent = new Set()
      call.on('data', (bytes: Buffer) => {
        if (call.writableEnded) return // has failed
        try {
          if (call.write(reply(bytes, sent))) return
          call.pause() // a client that asks faster than it reads waits
          call.once('drain', () => call.resume())
        } catch (error) {
          call.emit('error', grpcError(error))
        }
      })
      call.on('end', () => call.end())
    }

    server.register(`/${method}`, serverReflectionInfo, asIs, asIs, 'bidi')
  }
}
