import { expect, test } from 'vitest'
import type { components } from '../../../gen/run.v1.ts'
import { executionTemplateFromV1, executionTemplateToV1, revisionTemplateFromV1, revisionTemplateToV1 } from './templates.ts'

type Template = components['schemas']['RevisionTemplate']
type Job = components['schemas']['ExecutionTemplateSpec']

const image = 'gcr.io/p/app'
const probe = { failureThreshold: 2, periodSeconds: 5, timeoutSeconds: 3, initialDelaySeconds: 1 }

/** All that v1 and v2 both have. */
const TEMPLATE: Template = {
  metadata: {
    name: 'hello-00001-abc',
    labels: { tier: 'web', 'run.googleapis.com/new-label': 'x' },
    annotations: {
      team: 'a',
      'run.googleapis.com/client-name': 'gcloud',
      'run.googleapis.com/secrets': 'other:projects/1/secrets/token',
      'run.googleapis.com/cloudsql-instances': 'p:l:i',
      'run.googleapis.com/container-dependencies': '{"app":["side"]}',
      'autoscaling.knative.dev/maxScale': '3',
    },
  },
  spec: {
    containerConcurrency: 10,
    timeoutSeconds: 60,
    serviceAccountName: 'runner@p.iam.gserviceaccount.com',
    nodeSelector: { 'run.googleapis.com/accelerator': 'nvidia-l4' },
    containers: [
      {
        name: 'app',
        image,
        command: ['/app'],
        args: ['--serve'],
        workingDir: '/srv',
        env: [
          { name: 'EMPTY', value: '' },
          { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'own', key: '1' } } },
          { name: 'OTHER', valueFrom: { secretKeyRef: { name: 'other', key: 'latest' } } },
        ],
        ports: [{ name: 'h2c', containerPort: 9000 }],
        resources: { limits: { cpu: '2', memory: '1Gi' } },
        livenessProbe: { ...probe, httpGet: { path: '/live', port: 9000, httpHeaders: [{ name: 'a', value: 'b' }] } },
        readinessProbe: { ...probe, grpc: { port: 9000, service: 'ready' } },
        startupProbe: { ...probe, tcpSocket: { port: 9000 } },
        volumeMounts: [{ name: 'scratch', mountPath: '/tmp', subPath: 'a' }],
      },
      { name: 'side', image: 'gcr.io/p/side' },
    ],
    volumes: [
      { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
      { name: 'secret', secret: { secretName: 'other', defaultMode: 256, items: [{ key: '1', path: 'token', mode: 292 }] } },
      {
        name: 'bucket',
        csi: {
          driver: 'gcsfuse.run.googleapis.com',
          readOnly: true,
          volumeAttributes: { bucketName: 'b', mountOptions: 'implicit-dirs,uid=1' },
        },
      },
      { name: 'files', nfs: { server: '10.0.0.1', path: '/x', readOnly: true } },
    ],
  },
}

test('a template of v1 becomes one of v2', () => {
  const { template, kept } = revisionTemplateFromV1(TEMPLATE)
  const mounted = { name: 'cloudsql', mountPath: '/cloudsql' }
  expect(template).toEqual({
    revision: 'hello-00001-abc',
    labels: { tier: 'web' },
    annotations: { team: 'a' },
    maxInstanceRequestConcurrency: 10,
    timeout: '60s',
    serviceAccount: 'runner@p.iam.gserviceaccount.com',
    nodeSelector: { accelerator: 'nvidia-l4' },
    scaling: { maxInstanceCount: 3 },
    containers: [
      {
        name: 'app',
        image,
        command: ['/app'],
        args: ['--serve'],
        workingDir: '/srv',
        dependsOn: ['side'],
        env: [
          { name: 'EMPTY', value: '' },
          { name: 'SECRET', valueSource: { secretKeyRef: { secret: 'own', version: '1' } } },
          { name: 'OTHER', valueSource: { secretKeyRef: { secret: 'projects/1/secrets/token', version: 'latest' } } },
        ],
        ports: [{ name: 'h2c', containerPort: 9000 }],
        resources: { limits: { cpu: '2', memory: '1Gi' }, cpuIdle: true },
        livenessProbe: { ...probe, httpGet: { path: '/live', port: 9000, httpHeaders: [{ name: 'a', value: 'b' }] } },
        readinessProbe: { ...probe, grpc: { port: 9000, service: 'ready' } },
        startupProbe: { ...probe, tcpSocket: { port: 9000 } },
        volumeMounts: [{ name: 'scratch', mountPath: '/tmp', subPath: 'a' }, mounted],
      },
      { name: 'side', image: 'gcr.io/p/side', resources: { cpuIdle: true }, volumeMounts: [mounted] },
    ],
    volumes: [
      { name: 'scratch', emptyDir: { medium: 'MEMORY', sizeLimit: '1Gi' } },
      {
        name: 'secret',
        secret: { secret: 'projects/1/secrets/token', defaultMode: 256, items: [{ version: '1', path: 'token', mode: 292 }] },
      },
      { name: 'bucket', gcs: { bucket: 'b', readOnly: true, mountOptions: ['implicit-dirs', 'uid=1'] } },
      { name: 'files', nfs: { server: '10.0.0.1', path: '/x', readOnly: true } },
      { name: 'cloudsql', cloudSqlInstance: { instances: ['p:l:i'] } },
    ],
  })
  expect(kept).toEqual({
    templateAnnotations: {
      'run.googleapis.com/client-name': 'gcloud',
      'run.googleapis.com/secrets': 'other:projects/1/secrets/token',
    },
    templateLabels: { 'run.googleapis.com/new-label': 'x' },
  })
})

test('and back again, the same, with the kind of its startup probe', () => {
  const { template, kept } = revisionTemplateFromV1(TEMPLATE)
  const shown = revisionTemplateToV1(template, kept)
  const labels = { ...TEMPLATE.metadata!.labels, 'run.googleapis.com/startupProbeType': 'Custom' }
  expect(shown).toEqual({ ...TEMPLATE, metadata: { ...TEMPLATE.metadata, labels } })
  expect(revisionTemplateFromV1(shown)).toEqual({ template, kept })
})

test('a secret of another project that v2 names gets an alias, which v1 can send back', () => {
  const secret = 'projects/other/secrets/token'
  const env = [{ name: 'A', valueSource: { secretKeyRef: { secret, version: '1' } } }]
  const shown = revisionTemplateToV1({ containers: [{ image, env }] }, {})
  expect(shown.metadata.annotations).toEqual({ 'run.googleapis.com/secrets': `token-of-other:${secret}` })
  expect(shown.spec.containers).toEqual([
    { image, env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'token-of-other', key: '1' } } }] },
  ])
  expect(revisionTemplateFromV1(shown).template.containers![0]!.env).toEqual(env)
  expect(() => revisionTemplateFromV1({ metadata: { annotations: { 'run.googleapis.com/secrets': 'token' } } })).toThrow(
    'spec.template.metadata.annotations[run.googleapis.com/secrets]: must be a list of ALIAS:projects/PROJECT/secrets/SECRET',
  )
})

const JOB: Job = {
  metadata: { labels: { tier: 'batch' }, annotations: { 'run.googleapis.com/execution-environment': 'gen2', team: 'a' } },
  spec: {
    parallelism: 2,
    taskCount: 5,
    template: {
      spec: {
        containers: [{ image }],
        maxRetries: 0,
        timeoutSeconds: '3600',
        serviceAccountName: 'runner@p.iam.gserviceaccount.com',
      },
    },
  },
}

test('a template of executions becomes one of v2, and the same again', () => {
  const { template, kept } = executionTemplateFromV1(JOB)
  expect(template).toEqual({
    labels: { tier: 'batch' },
    annotations: { team: 'a' },
    parallelism: 2,
    taskCount: 5,
    template: {
      containers: [{ image }],
      maxRetries: 0,
      timeout: '3600s',
      serviceAccount: 'runner@p.iam.gserviceaccount.com',
      executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
    },
  })
  expect(executionTemplateToV1(template, kept)).toEqual(JOB)
})

const container = (more: object): Template => ({ spec: { containers: [{ image, ...more }] } })
const volume = (more: object): Template => ({ spec: { containers: [{ image }], volumes: [{ name: 'v', ...more }] } })

test.each<[string, Template, string]>([
  ['containers[0].envFrom', container({ envFrom: [{ prefix: 'A' }] }), 'UNIMPLEMENTED'],
  ['containers[0].imagePullPolicy', container({ imagePullPolicy: 'Always' }), 'UNIMPLEMENTED'],
  ['containers[0].securityContext', container({ securityContext: { runAsUser: 1 } }), 'UNIMPLEMENTED'],
  ['containers[0].resources.requests', container({ resources: { requests: { cpu: '1' } } }), 'UNIMPLEMENTED'],
  [
    'containers[0].env[0].valueFrom.configMapKeyRef',
    container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { key: 'a' } } }] }),
    'UNIMPLEMENTED',
  ],
  [
    'containers[0].env[0].valueFrom.secretKeyRef.optional',
    container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', optional: true } } }] }),
    'UNIMPLEMENTED',
  ],
  ['containers[0].livenessProbe.exec', container({ livenessProbe: { exec: { command: ['a'] } } }), 'UNIMPLEMENTED'],
  ['containers[0].livenessProbe.successThreshold', container({ livenessProbe: { successThreshold: 2 } }), 'INVALID_ARGUMENT'],
  ['containers[0].livenessProbe.httpGet.host', container({ livenessProbe: { httpGet: { host: 'a' } } }), 'UNIMPLEMENTED'],
  [
    'containers[0].livenessProbe.httpGet.scheme',
    container({ livenessProbe: { httpGet: { scheme: 'HTTPS' } } }),
    'INVALID_ARGUMENT',
  ],
  ['containers[0].startupProbe.tcpSocket.host', container({ startupProbe: { tcpSocket: { host: 'a' } } }), 'UNIMPLEMENTED'],
  ['containers[0].ports[0].protocol', container({ ports: [{ protocol: 'UDP' }] }), 'INVALID_ARGUMENT'],
  ['containers[0].volumeMounts[0].readOnly', container({ volumeMounts: [{ name: 'v', readOnly: true }] }), 'UNIMPLEMENTED'],
  ['volumes[0].configMap', volume({ configMap: { name: 'a' } }), 'UNIMPLEMENTED'],
  ['volumes[0].secret.optional', volume({ secret: { secretName: 'a', optional: true } }), 'UNIMPLEMENTED'],
  ['volumes[0].emptyDir.medium', volume({ emptyDir: { medium: 'Disk' } }), 'INVALID_ARGUMENT'],
  ['volumes[0].csi.driver', volume({ csi: { driver: 'other' } }), 'INVALID_ARGUMENT'],
  [
    'volumes[0].csi.volumeAttributes.other',
    volume({ csi: { driver: 'gcsfuse.run.googleapis.com', volumeAttributes: { other: 'a' } } }),
    'UNIMPLEMENTED',
  ],
  ['nodeSelector.zone', { spec: { nodeSelector: { zone: 'a' } } }, 'UNIMPLEMENTED'],
])('%s, which v2 has no field for, is refused by its name', (path, template, code) => {
  expect(() => revisionTemplateFromV1(template)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(`spec.template.spec.${path}`) }),
  )
})

test('what only says what is so anyway is taken', () => {
  const { template } = revisionTemplateFromV1(
    container({
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      livenessProbe: { successThreshold: 1, httpGet: { path: '/', scheme: 'HTTP' } },
    }),
  )
  expect(template.containers).toEqual([
    { image, ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { path: '/' } }, resources: { cpuIdle: true } },
  ])
})
