import { namePattern } from '../../core/names.ts'

export const PROJECT = namePattern('projects/{project}')
export const POLICY = namePattern('projects/{project}/policy')
export const ATTESTOR = namePattern('projects/{project}/attestors/{attestor}')
export const NOTE = namePattern('projects/{project}/notes/{note}')
export const CONTINUOUS_VALIDATION_CONFIG = namePattern('projects/{project}/continuousValidationConfig')
export const SYSTEM_POLICY = namePattern('locations/{location}/policy')

/** Does the `{project}` of a request exist? Dispatch has put ids in the place of numbers, so a number that is still there
 * belongs to no project, and `-`, which some APIs take for all projects, is none here. */
export const isProject = (project: string) => !/^(-|\d+)$/.test(project)
