import { namePattern } from '../../core/names.ts'

export const PROJECT = namePattern('projects/{project}')
export const SERVICE_ACCOUNT = namePattern('projects/{project}/serviceAccounts/{serviceAccount}')
export const KEY = namePattern('projects/{project}/serviceAccounts/{serviceAccount}/keys/{key}')
export const CUSTOM_ROLE = namePattern('projects/{project}/roles/{role}')
