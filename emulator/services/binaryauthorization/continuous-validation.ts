// The switch of legacy continuous validation, which v1alpha2 alone has
// (https://cloud.google.com/sdk/gcloud/reference/alpha/container/binauthz/continuous-validation). It is kept, and drives nothing.
import { collection } from '../../core/collection.ts'
import type { Context } from '../../core/service.ts'
import { notFound } from '../../core/status.ts'
import type { components } from '../../gen/binaryauthorization.v1alpha2.ts'
import { CONTINUOUS_VALIDATION_CONFIG, isProject } from './names.ts'

type Schemas = components['schemas']
type ContinuousValidationConfig = Schemas['ContinuousValidationConfig']

const configs = (ctx: Context) => collection<ContinuousValidationConfig>(ctx.db, 'binauthz_continuous_validation')

function projectOf(name: string, field?: string): string {
  const { project } = CONTINUOUS_VALIDATION_CONFIG.parse(name, field)
  if (!isProject(project)) throw notFound(`Project ${project} not found.`)
  return project
}

/** Off where nobody has switched it. The empty enforcementPolicyConfig is needed: gcloud sets `enabled` in it without asking. */
export function getContinuousValidationConfig(
  { name = '' }: Schemas['GetContinuousValidationConfigRequest'],
  ctx: Context,
): ContinuousValidationConfig {
  projectOf(name)
  return configs(ctx).get(name) ?? { name, enforcementPolicyConfig: {} }
}

/** Replaces the configuration as a whole. */
export function updateContinuousValidationConfig(
  {
    continuousValidationConfig: { name = '', enforcementPolicyConfig = {} } = {},
  }: Schemas['UpdateContinuousValidationConfigRequest'],
  ctx: Context,
): ContinuousValidationConfig {
  const project = projectOf(name, 'continuous_validation_config.name')
  const config = { name, updateTime: ctx.timestamp(), enforcementPolicyConfig }
  if (!configs(ctx).insert(name, `projects/${project}`, config)) configs(ctx).update(name, config)
  return config
}
