import { create, createFileRegistry, fromBinary, fromJson, getOption, toBinary, toJson } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APIS } from '../../../openapi/apis.ts'
import { methodOf, registryOf } from '../descriptors.ts'
import { addReflection } from './reflection.ts'

const V1 = 'grpc.reflection.v1.ServerReflection'
const VERSIONS = [V1, 'grpc.reflection.v1alpha.ServerReflection']
const servicesOf = (id: string) => APIS.find((api) => api.id === id)!.services

const closing: (() => void)[] = []
afterAll(() => {
  for (const close of closing) close()
})

async function serve(apis: string[], services: (api: string) => string[]): Promise<Client> {
  const server = new Server()
  addReflection(server, apis, services)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  closing.push(() => {
    client.close()
    server.forceShutdown()
  })
  return client
}

let emulator: Client
beforeAll(async () => {
  emulator = await serve(
    APIS.map(({ id }) => id),
    servicesOf,
  )
})

const asIs = (bytes: Buffer) => bytes

/** The answers of one stream to requests as ProtoJSON, or to bytes. */
function ask(requests: (object | Buffer)[], version = V1, client = emulator): Promise<any[]> {
  const { input, output } = methodOf('grpc', `${version}/ServerReflectionInfo`)
  return new Promise((resolve, reject) => {
    const answers: unknown[] = []
    const call = client.makeBidiStreamRequest(`/${version}/ServerReflectionInfo`, asIs, asIs)
    call.on('data', (bytes: Buffer) => answers.push(toJson(output, fromBinary(output, bytes))))
    call.on('end', () => resolve(answers))
    call.on('error', reject)
    for (const request of requests)
      call.write(Buffer.isBuffer(request) ? request : Buffer.from(toBinary(input, fromJson(input, request as never))))
    call.end()
  })
}

const filesIn = ({ fileDescriptorResponse, errorResponse }: any) => {
  if (errorResponse) throw new Error(errorResponse.errorMessage)
  return (fileDescriptorResponse.fileDescriptorProto as string[]).map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, Buffer.from(bytes, 'base64')),
  )
}
/** All that the files declare. A set wants what is imported first, an answer has it last. */
function registryFrom(files: FileDescriptorProto[]) {
  const ordered = new Set<FileDescriptorProto>()
  function add(name: string) {
    const found = files.find((file) => file.name === name)
    if (!found) throw new Error(`${name} was not sent`)
    found.dependency.forEach(add)
    ordered.add(found)
  }
  for (const { name } of files) add(name)
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...ordered] }))
}
const namesIn = (answer: any) => filesIn(answer).map(({ name }) => name)

test.each(VERSIONS)('%s lists the services of all APIs, health checking and reflection, each once', async (version) => {
  const [answer] = await ask([Buffer.from('3a00', 'hex')], version)
  const all = new Set([...APIS.flatMap(({ services }) => services), 'grpc.health.v1.Health', ...VERSIONS])
  expect(answer).toEqual({
    originalRequest: { listServices: '' },
    listServicesResponse: { service: [...all].sort().map((name) => ({ name })) },
  })
})

test.each([
  ['a service', 'google.cloud.kms.v1.KeyManagementService', 'google/cloud/kms/v1/service.proto'],
  ['a method', 'google.cloud.kms.v1.KeyManagementService.AsymmetricSign', 'google/cloud/kms/v1/service.proto'],
  ['a message', 'google.cloud.kms.v1.CryptoKey', 'google/cloud/kms/v1/resources.proto'],
  ['a nested message', 'google.cloud.kms.v1.ImportJob.WrappingPublicKey', 'google/cloud/kms/v1/resources.proto'],
  ['a field', 'google.cloud.kms.v1.CryptoKey.next_rotation_time', 'google/cloud/kms/v1/resources.proto'],
  ['a oneof', 'google.cloud.kms.v1.CryptoKey.rotation_schedule', 'google/cloud/kms/v1/resources.proto'],
  ['an enum', 'google.cloud.kms.v1.ProtectionLevel', 'google/cloud/kms/v1/resources.proto'],
  ['an enum value', 'google.cloud.kms.v1.HSM', 'google/cloud/kms/v1/resources.proto'],
  ['a value of a nested enum', 'google.cloud.kms.v1.CryptoKey.ASYMMETRIC_SIGN', 'google/cloud/kms/v1/resources.proto'],
  ['an extension', 'google.api.http', 'google/api/annotations.proto'],
  ['a message of a mixin', 'google.iam.v1.Policy', 'google/iam/v1/policy.proto'],
  ['a detail of errors', 'google.rpc.BadRequest', 'google/rpc/error_details.proto'],
  ['a message of reflection', 'grpc.reflection.v1.ErrorResponse', 'grpc/reflection/v1/reflection.proto'],
])('the file of %s is found by its full name', async (_, symbol, file) => {
  const [answer] = await ask([{ fileContainingSymbol: symbol }])
  expect(namesIn(answer)[0]).toBe(file)
})

test.each([
  { fileByFilename: 'google/cloud/kms/v2/service.proto' },
  { fileContainingSymbol: 'google.cloud.kms.v1' },
  { fileContainingSymbol: 'google.cloud.kms.v1.NoMessage' },
  { fileContainingSymbol: 'google.cloud.kms.v1.CryptoKey.no_field' },
  { fileContainingSymbol: 'google.cloud.kms.v1.ProtectionLevel.HSM' },
  { fileContainingSymbol: 'google.cloud.kms.v1.KeyManagementService.NoMethod' },
  { fileContainingSymbol: '' },
  { fileContainingExtension: { containingType: 'google.protobuf.MethodOptions', extensionNumber: 1 } },
  { fileContainingExtension: { containingType: 'no.Message', extensionNumber: 1 } },
  { allExtensionNumbersOfType: 'no.Message' },
])('%j is NOT_FOUND, and the stream goes on', async (request) => {
  const [missing, next] = await ask([{ host: 'a.test', ...request }, { fileContainingSymbol: 'google.rpc.Status' }])
  expect(missing).toEqual({
    validHost: 'a.test',
    originalRequest: { host: 'a.test', ...request },
    errorResponse: { errorCode: status.NOT_FOUND, errorMessage: expect.stringMatching(/ is not known here\.$/) },
  })
  expect(namesIn(next)).toContain('google/rpc/status.proto')
})

test('a request without a question is an INVALID_ARGUMENT', async () => {
  expect(await ask([Buffer.alloc(0)])).toEqual([
    { originalRequest: {}, errorResponse: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'message_request is required.' } },
  ])
})

test('a file comes with all that it imports, by which a client can call the method and read its options', async () => {
  const [answer] = await ask([{ fileByFilename: 'google/cloud/kms/v1/service.proto' }])
  const files = filesIn(answer)
  expect(files[0]!.name).toBe('google/cloud/kms/v1/service.proto')
  const registry = registryFrom(files)
  const sign = registry.getService('google.cloud.kms.v1.KeyManagementService')!.method.asymmetricSign!
  expect(sign.output.typeName).toBe('google.cloud.kms.v1.AsymmetricSignResponse')
  expect(getOption(sign, registry.getExtension('google.api.http')!)).toMatchObject({
    pattern: { case: 'post', value: expect.stringMatching(/:asymmetricSign$/) },
  })
})

test('what a stream has been sent is not sent again as an import, but is where it is asked for', async () => {
  const [service, resources, again] = await ask([
    { fileByFilename: 'google/cloud/kms/v1/service.proto' },
    { fileByFilename: 'google/cloud/kms/v1/resources.proto' },
    { fileByFilename: 'google/cloud/kms/v1/resources.proto' },
  ])
  expect(new Set(namesIn(service)).size).toBe(namesIn(service).length)
  expect(namesIn(service)).toContain('google/cloud/kms/v1/resources.proto')
  expect(namesIn(resources)).toEqual(['google/cloud/kms/v1/resources.proto'])
  expect(namesIn(again)).toEqual(['google/cloud/kms/v1/resources.proto'])
})

test('the file of an extension is found by the message that it extends and its number', async () => {
  const [answer] = await ask([
    { fileContainingExtension: { containingType: 'google.protobuf.MethodOptions', extensionNumber: 72295728 } },
  ])
  expect(namesIn(answer)[0]).toBe('google/api/annotations.proto')
})

test('the extensions of a message are those of all APIs', async () => {
  const [options, none] = await ask([
    { allExtensionNumbersOfType: 'google.protobuf.MethodOptions' },
    { allExtensionNumbersOfType: 'google.rpc.Status' },
  ])
  // google.longrunning.operation_info, google.api.method_signature, google.api.http, google.api.routing
  expect(options.allExtensionNumbersResponse).toEqual({
    baseTypeName: 'google.protobuf.MethodOptions',
    extensionNumber: [1049, 1051, 72295728, 72295729],
  })
  expect(none.allExtensionNumbersResponse).toEqual({ baseTypeName: 'google.rpc.Status' })
})

test('every service that is listed is found, with each of its methods', async () => {
  const [{ listServicesResponse }] = await ask([{ listServices: '' }])
  const names: string[] = listServicesResponse.service.map(({ name }: { name: string }) => name)
  const answers = await ask(names.map((name) => ({ fileContainingSymbol: name })))
  const registry = registryFrom(answers.flatMap(filesIn))
  const methods = names.flatMap((name) => registry.getService(name)!.methods.map((method) => `${name}.${method.name}`))
  expect(methods).toContain('google.cloud.kms.v1.KeyManagementService.AsymmetricSign')
  const found = await ask(methods.map((method) => ({ fileContainingSymbol: method })))
  expect(found.filter(({ errorResponse }) => errorResponse)).toEqual([])
  expect(found).toHaveLength(methods.length)
})

test('a file that several APIs have is the same in each, so any may answer', () => {
  const seen = new Map<string, Buffer>()
  const different: string[] = []
  for (const api of ['grpc', ...APIS.map(({ id }) => id)])
    for (const { proto } of registryOf(api).files) {
      const bytes = Buffer.from(toBinary(FileDescriptorProtoSchema, proto))
      if (!(seen.get(proto.name) ?? bytes).equals(bytes)) different.push(`${api}: ${proto.name}`)
      seen.set(proto.name, bytes)
    }
  expect(different).toEqual([])
})

test('a descriptor set is read only by a question that needs it', async () => {
  const services = (api: string) => (api === 'cloudkms.v1' ? servicesOf(api) : ['no.such.Service'])
  const client = await serve(['no-such-set', 'cloudkms.v1'], services)
  const [list, symbol, file, own] = await ask(
    [
      { listServices: '' },
      { fileContainingSymbol: 'google.cloud.kms.v1.CryptoKey' },
      { fileByFilename: 'google/cloud/kms/v1/service.proto' },
      { fileContainingSymbol: 'grpc.health.v1.Health' },
    ],
    V1,
    client,
  )
  expect(list.listServicesResponse.service).toContainEqual({ name: 'no.such.Service' })
  expect(namesIn(symbol)[0]).toBe('google/cloud/kms/v1/resources.proto')
  expect(namesIn(file)[0]).toBe('google/cloud/kms/v1/service.proto')
  expect(namesIn(own)).toEqual(['grpc/health/v1/health.proto'])
  await expect(ask([{ fileContainingSymbol: 'no.such.Service' }], V1, client)).rejects.toMatchObject({
    code: status.INTERNAL,
    details: 'Internal error.',
  })
})

test('bytes that are no message end the stream with INVALID_ARGUMENT, whatever follows', async () => {
  await expect(ask([Buffer.from('1aff', 'hex'), { listServices: '' }])).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  expect(await ask([{ listServices: '' }])).toHaveLength(1)
})

test('questions are answered in their order, however many are sent before the first answer is read', async () => {
  const requests = Array.from({ length: 200 }, (_, index) => ({ fileContainingSymbol: `no.Message${index}` }))
  expect((await ask(requests)).map(({ originalRequest }) => originalRequest)).toEqual(requests)
})
