import { namePattern } from '../../core/names.ts'

export const CONSUMER = namePattern('projects/{project}')
export const SERVICE = namePattern('projects/{project}/services/{service}')
