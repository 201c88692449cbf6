import { namePattern } from '../../core/names.ts'

export const PROJECT = namePattern('projects/{project}')
export const POLICY = namePattern('projects/{project}/policies/{policy}')
export const CONSTRAINT = namePattern('projects/{project}/constraints/{constraint}')
export const ORGANIZATION = namePattern('organizations/{organization}')
export const CUSTOM_CONSTRAINT = namePattern('organizations/{organization}/customConstraints/{customConstraint}')
