// Resource names of Cloud Run (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services).
import { namePattern } from '../../core/names.ts'

export const LOCATION = namePattern('projects/{project}/locations/{location}')
export const SERVICE = namePattern('projects/{project}/locations/{location}/services/{service}')
export const REVISION = namePattern('projects/{project}/locations/{location}/services/{service}/revisions/{revision}')
export const JOB = namePattern('projects/{project}/locations/{location}/jobs/{job}')
export const EXECUTION = namePattern('projects/{project}/locations/{location}/jobs/{job}/executions/{execution}')
export const TASK = namePattern('projects/{project}/locations/{location}/jobs/{job}/executions/{execution}/tasks/{task}')
export const OPERATION = namePattern('projects/{project}/locations/{location}/operations/{operation}')

/** `projects/P/locations/L/…` → `projects/P/locations/L` */
export const locationOf = (name: string) => name.split('/').slice(0, 4).join('/')
