import { expect, test } from 'vitest'
import { describeTransports, startTestEmulator } from '../../testing/emulator.ts'

const BUILD = 'google.devtools.cloudbuild.v1.CloudBuild'
const OPERATIONS = 'google.longrunning.Operations'
const project = 'my-app-prod'
const parent = `projects/${project}/locations/europe-west2`
const docker = { name: 'gcr.io/cloud-builders/docker', args: ['build', '.'] }
const braced = (key: string) => `\${${key}}`
const TIME = /^2026-01-02T03:04:05\.\d+Z$/

describeTransports('creating builds', (emulator) => {
  const call = (method: string, request: object) => emulator().call('cloudbuild.v1', `${BUILD}/${method}`, request)
  const create = async (build: object) => (await call('CreateBuild', { projectId: project, build })).metadata.build
  const read = async (id: string) => call('GetBuild', { projectId: project, id })
  const refusal = (build: object) =>
    call('CreateBuild', { projectId: project, build }).then(
      () => undefined,
      (error) => error,
    )

  test('the answer is an operation that shows the build as queued; at the next look it has succeeded', async () => {
    const operation = await call('CreateBuild', { projectId: project, build: { steps: [docker], tags: ['nightly'] } })
    const { id } = operation.metadata.build
    expect(operation).toEqual({
      name: `operations/build/${project}/${Buffer.from(id).toString('base64')}`,
      metadata: {
        '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata',
        build: expect.objectContaining({ id, status: 'QUEUED', projectId: project, steps: [docker] }),
      },
    })
    expect(operation.metadata.build).not.toHaveProperty('results')
    const [, number] = /^projects\/(\d{12})\//.exec(operation.metadata.build.name)!
    const span = { startTime: expect.stringMatching(TIME), endTime: expect.stringMatching(TIME) }
    expect(await read(id)).toEqual({
      name: `projects/${number}/locations/global/builds/${id}`,
      id,
      projectId: project,
      status: 'SUCCESS',
      steps: [{ ...docker, status: 'SUCCESS', timing: span, pullTiming: span }],
      results: { buildStepImages: [''], buildStepOutputs: [''] },
      createTime: expect.stringMatching(TIME),
      startTime: expect.stringMatching(TIME),
      finishTime: expect.stringMatching(TIME),
      timeout: '3600s',
      queueTtl: '3600s',
      logsBucket: `gs://${number}.cloudbuild-logs.googleusercontent.com`,
      sourceProvenance: {},
      options: { logging: 'LEGACY', pool: {} },
      logUrl: `https://console.cloud.google.com/cloud-build/builds/${id}?project=${number}`,
      tags: ['nightly'],
      timing: { BUILD: span },
      serviceAccount: `projects/${project}/serviceAccounts/${number}-compute@developer.gserviceaccount.com`,
    })
  })

  test('a regional build has the region in its name and in that of its operation, and is not among the global ones', async () => {
    const { name, metadata } = await call('CreateBuild', { parent, build: { steps: [docker] } })
    const { id } = metadata.build
    expect(name).toBe(`${parent}/operations/${Buffer.from(id).toString('base64')}`)
    const build = await call('GetBuild', { name: `${parent}/builds/${id}` })
    expect(build.name).toMatch(new RegExp(`^projects/\\d{12}/locations/europe-west2/builds/${id}$`))
    expect(build.logUrl).toContain(';region=europe-west2/')
    await expect(read(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await call('GetBuild', { name: build.name })).toEqual(build)
  })

  test('the operation of a build is looked up by its name, and holds the build once it is done', async () => {
    const { name, metadata } = await call('CreateBuild', { projectId: project, build: { steps: [docker] } })
    const { status, body } = await emulator().http('GET', `/cloudbuild/v1/${name}`)
    const build = await read(metadata.build.id)
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        name,
        metadata: { '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata', build },
        done: true,
        response: { '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.Build', ...build },
      },
    })
    expect((await emulator().http('POST', `/cloudbuild/v1/${name}:cancel`, {})).body).toEqual({})
    expect(await read(metadata.build.id)).toEqual(build)
    expect((await emulator().http('GET', '/cloudbuild/v1/operations/build/my-app-prod/bm93aGVyZQ==')).status).toBe(404)
  })

  test('substitutions are in their places, built-in ones too', async () => {
    const { id } = await create({
      steps: [{ name: 'gcr.io/$PROJECT_ID/tool:$_TAG', args: [`${braced('_TAG')}-$BUILD_ID`, '$$HOME', '$SHORT_SHA.'] }],
      tags: [`build-${braced('_TAG')}`],
      substitutions: { _TAG: 'v1' },
    })
    expect(await read(id)).toMatchObject({
      steps: [{ name: 'gcr.io/my-app-prod/tool:v1', args: [`v1-${id}`, '$HOME', '.'] }],
      tags: ['build-v1'],
      substitutions: { _TAG: 'v1' },
    })
  })

  const wrongSubstitution = (why: string) => `invalid value for 'build.substitutions': ${why}`
  test.each([
    [{ args: ['$FOO'] }, {}, 'key in the template "FOO" is not a valid built-in substitution'],
    [{ args: ['$_FOO'] }, {}, 'key in the template "_FOO" is not matched in the substitution data'],
    [{ args: ['a'] }, { _FOO: 'x' }, 'key "_FOO" in the substitution data is not matched in the template'],
  ])('a key of a substitution must be in the template and in the data: %j %j', async (step, substitutions, why) => {
    const build = { steps: [{ ...docker, ...step }], substitutions }
    expect(await refusal(build)).toMatchObject({ code: 'INVALID_ARGUMENT', message: wrongSubstitution(why) })
  })

  test('with ALLOW_LOOSE a missing value is empty, and one that nothing uses is no mistake', async () => {
    const options = { substitutionOption: 'ALLOW_LOOSE' }
    const { id } = await create({ steps: [{ ...docker, args: ['<$_FOO>'] }], substitutions: { _BAR: 'x' }, options })
    expect((await read(id)).steps[0].args).toEqual(['<>'])
  })

  test.each([
    [{}, 'invalid build: invalid .steps field: no build steps are specified'],
    [{ steps: [{ args: ['a'] }] }, 'invalid build: invalid .steps field: build step 0 must specify name'],
    [
      { steps: [docker, { ...docker, id: 'b', waitFor: ['a'] }] },
      'invalid build: invalid .steps field: build step #1 - "b" depends on "a", which has not been defined',
    ],
    [
      {
        steps: [
          { ...docker, id: 'a' },
          { ...docker, id: 'a' },
        ],
      },
      'invalid build: invalid .steps field: build step #1 - "a": the ID is not unique',
    ],
    [
      { steps: [{ name: 'a', script: 'b', entrypoint: 'c' }] },
      'invalid build: invalid .steps field: build step 0 both script and entrypoint provided',
    ],
    [
      { steps: [{ name: 'a', args: ['b'.repeat(10_001)] }] },
      'invalid build: invalid .steps field: build step 0 arg 0 too long (max: 10000)',
    ],
    [
      { steps: [docker], images: ['gcr.io/my-app-prod/App'] },
      'invalid build: invalid image name "gcr.io/my-app-prod/App": could not parse reference: gcr.io/my-app-prod/App',
    ],
    [
      { steps: [docker], images: ['gcr.io/my-app-prod/app:$SHORT_SHA'] },
      'invalid build: invalid image name "gcr.io/my-app-prod/app:": could not parse reference: gcr.io/my-app-prod/app:',
    ],
    [{ steps: [{ name: 'a b' }] }, 'invalid build: invalid build step name "a b": could not parse reference: a b'],
    [{ steps: [docker], timeout: '86401s' }, 'invalid build: timeout exceeds the timeout limit of 24h0m0s'],
  ])('a build that is invalid is refused in the words of Cloud Build: %#', async (build, message) => {
    expect(await refusal(build)).toMatchObject({ code: 'INVALID_ARGUMENT', message })
  })

  test('a service account of its own needs a place for the logs', async () => {
    const build = { steps: [docker], serviceAccount: `projects/${project}/serviceAccounts/builder@example.com` }
    expect(await refusal(build)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("if 'build.service_account' is specified, the build must either"),
    })
    const { id } = await create({ ...build, options: { logging: 'CLOUD_LOGGING_ONLY' } })
    const built = await read(id)
    expect(built.serviceAccount).toBe(build.serviceAccount)
    expect(built).not.toHaveProperty('logsBucket')
  })

  test('what would have an effect that there is not is refused by name', async () => {
    const artifacts = { objects: { location: 'gs://bucket/', paths: ['*'] } }
    expect(await refusal({ steps: [docker], artifacts })).toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('build.artifacts.objects'),
    })
    await expect(call('CreateBuildTrigger', { projectId: project, trigger: {} })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    await expect(call('ListWorkerPools', { parent })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
    const bash = { steps: [{ ...docker, args: [braced('_TAG:0:7')] }], options: { dynamicSubstitutions: true } }
    expect(await refusal(bash)).toMatchObject({ code: 'UNIMPLEMENTED' })
  })
})

test('operations are looked up over gRPC too', async () => {
  const emulator = await startTestEmulator({}, 'gRPC')
  const { name } = await emulator.call('cloudbuild.v1', `${BUILD}/CreateBuild`, {
    projectId: project,
    build: { steps: [docker] },
  })
  const operation = await emulator.call('cloudbuild.v1', `${OPERATIONS}/GetOperation`, { name })
  await emulator.close()
  expect(operation).toMatchObject({ name, done: true, metadata: { build: { status: 'SUCCESS' } } })
})
