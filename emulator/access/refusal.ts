// How Google's APIs word a refusal; each has its own form.
import { errorInfo, permissionDenied, StatusError } from '../core/status.ts'
import type { Needed } from './permissions.ts'

const projectOf = (resource: string) => resource.split('/')[1] ?? ''

/** Begin of a permission → the sentence. */
const SENTENCES: [permission: RegExp, sentence: (needed: Needed) => string][] = [
  [
    /^iam\.serviceAccounts\.actAs$/,
    ({ resource }) =>
      `Permission 'iam.serviceaccounts.actAs' denied on service account ${resource.split('/').at(-1)} (or it may not exist).`,
  ],
  [
    /^containeranalysis\.(notes|occurrences)\.create$/,
    ({ permission, resource }) => `permission "${permission}" denied for project "${projectOf(resource)}", entity ID ""`,
  ],
  [/^(containeranalysis|binaryauthorization)\./, ({ permission }) => `Permission '${permission}' denied`],
  [/^container\./, ({ permission, resource }) => `Required "${permission}" permission(s) for "${resource}".`],
  [
    /^run\./,
    ({ permission, resource }) => `Permission '${permission}' denied on resource '${resource}' (or resource may not exist).`,
  ],
  [
    /^artifactregistry\./,
    ({ permission, resource }) =>
      `Permission '${permission}' denied on resource '//artifactregistry.googleapis.com/${resource}' (or it may not exist).`,
  ],
  [/^logging\./, () => 'Permission denied for all log views'],
  [/^resourcemanager\./, () => 'The caller does not have permission'],
]

/** PERMISSION_DENIED for what a caller has not. */
export function refusal(needed: Needed): StatusError {
  const { permission, resource } = needed
  const sentence = SENTENCES.find(([begin]) => begin.test(permission))?.[1](needed)
  return permissionDenied(sentence ?? `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`, [
    errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', { permission, resource }),
  ])
}

/** UNAUTHENTICATED for a caller that does not say who it is. */
export const unauthenticated = (service: string, method: string): StatusError =>
  new StatusError(
    'UNAUTHENTICATED',
    'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication ' +
      'credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    [errorInfo('CREDENTIALS_MISSING', 'googleapis.com', { service, method: method.replace('/', '.') })],
  )
