// Project settings (https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects/getProjectSettings).
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/artifactregistry.v1.ts'
import { PROJECT_SETTINGS } from './names.ts'

type Schemas = components['schemas']

/** Nothing redirects gcr.io here, and UpdateProjectSettings, which would, is refused by name. */
export function getProjectSettings(
  { name = '' }: Schemas['GetProjectSettingsRequest'],
  _ctx: Context,
): Schemas['ProjectSettings'] {
  PROJECT_SETTINGS.parse(name)
  return { name, legacyRedirectionState: 'REDIRECTION_FROM_GCR_IO_DISABLED' }
}
