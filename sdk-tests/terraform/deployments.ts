// How the resources of Terraform's google provider are configured first, and how they are changed, that run images: Cloud Run and GKE.
import { newDigest } from '../attestations.ts'
import { service as cloudRunService } from './cloud-run.ts'
import { job, service } from './cloud-run-v2.ts'
import { cluster, clusterOf } from './container.ts'
import { type Lifecycle, LOCATION, locationOf } from './lifecycles.ts'
import { ATTRIBUTION, type Fields } from './resource.ts'

export const BINARY_AUTHORIZATION = 'run.googleapis.com/binary-authorization'
export const BREAKGLASS = 'run.googleapis.com/binary-authorization-breakglass'

/** By digest, in a registry of the project. */
export const newImage = (project: string) => `${LOCATION}-docker.pkg.dev/${project}/repo/app@${newDigest()}`

export const DEPLOYMENTS: Lifecycle[] = [
  {
    resource: cloudRunService,
    prepare: async (provider) => `${locationOf(provider)}/services/app`,
    configurations(project) {
      const configured = (image: string, env: Fields[], annotations?: Fields) => ({
        metadata: { labels: ATTRIBUTION, ...(annotations && { annotations }) },
        spec: { template: { spec: { containers: [{ image, ...(env.length > 0 && { env }) }] } } },
      })
      const [first, second] = [newImage(project), newImage(project)]
      return [
        configured(first, [], { [BINARY_AUTHORIZATION]: 'default' }),
        configured(first, [{ name: 'GREETING', value: 'hello' }], { [BINARY_AUTHORIZATION]: 'default', [BREAKGLASS]: 'outage' }),
        configured(second, [], { [BINARY_AUTHORIZATION]: 'default' }),
        configured(second, []),
      ]
    },
  },
  {
    resource: service,
    prepare: async (provider) => `${locationOf(provider)}/services/app`,
    configurations(project) {
      const [first, second] = [newImage(project), newImage(project)]
      return [
        { template: { containers: [{ image: first }] }, binaryAuthorization: { useDefault: true }, labels: ATTRIBUTION },
        {
          description: 'greets',
          ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
          template: {
            containers: [
              {
                image: first,
                env: [{ name: 'GREETING', value: 'hello' }],
                ports: [{ name: 'http1', containerPort: 8081 }],
                resources: { limits: { cpu: '2', memory: '1Gi' }, cpuIdle: true },
              },
            ],
            scaling: { maxInstanceCount: 5 },
            timeout: '60s',
            labels: { stage: 'test' },
          },
          traffic: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
          binaryAuthorization: { useDefault: true, breakglassJustification: 'outage' },
          labels: { ...ATTRIBUTION, team: 'build' },
        },
        { template: { containers: [{ image: second }] }, labels: ATTRIBUTION },
      ]
    },
  },
  {
    resource: job,
    prepare: async (provider) => `${locationOf(provider)}/jobs/clean`,
    configurations(project) {
      const containers = [{ image: newImage(project), args: ['--all'] }]
      return [
        { template: { template: { containers } }, binaryAuthorization: { useDefault: true }, labels: ATTRIBUTION },
        {
          template: { taskCount: 3, parallelism: 2, template: { containers, maxRetries: 1, timeout: '300s' } },
          binaryAuthorization: { useDefault: true, breakglassJustification: 'outage' },
          labels: { ...ATTRIBUTION, team: 'build' },
        },
        { template: { template: { containers } }, labels: ATTRIBUTION },
      ]
    },
  },
  {
    resource: cluster,
    about: 'that is made for its policy',
    prepare: async (provider) => `${locationOf(provider)}/clusters/prod`,
    configurations: () =>
      [{ evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' }, { evaluationMode: 'DISABLED' }, { enabled: true }, undefined].map(
        (binaryAuthorization) => ({
          ...clusterOf('prod', LOCATION),
          resourceLabels: ATTRIBUTION,
          ...(binaryAuthorization && { binaryAuthorization }),
        }),
      ),
  },
  {
    resource: cluster,
    about: 'on autopilot',
    prepare: async (provider) => `${locationOf(provider)}/clusters/auto`,
    configurations: () => {
      const { removeDefaultNodePool, initialNodeCount, ...configuration } = clusterOf('auto', LOCATION)
      const enforced = { binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' } }
      const auto = { ...configuration, autopilot: { enabled: true }, resourceLabels: ATTRIBUTION }
      return [auto, { ...auto, ...enforced }]
    },
  },
  {
    resource: cluster,
    about: 'of one zone',
    prepare: async (provider) => `projects/${provider.project}/locations/us-central1-a/clusters/test`,
    configurations: () => [
      { ...clusterOf('test', 'us-central1-a'), description: 'for tests', resourceLabels: ATTRIBUTION },
      {
        ...clusterOf('test', 'us-central1-a'),
        description: 'for tests',
        resourceLabels: ATTRIBUTION,
        releaseChannel: { channel: 'RAPID' },
      },
    ],
  },
]
