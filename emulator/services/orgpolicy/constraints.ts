// Constraints that there are without being created (https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints):
// those that have an effect here, and the ones most often set beside them. A policy may be set for any other too.
import type { Context } from '../../core/service.ts'
import type { components } from '../../gen/orgpolicy.v2.ts'
import { CONSTRAINT, PROJECT } from './names.ts'

type Schemas = components['schemas']

interface KnownConstraint {
  kind: 'list' | 'boolean'
  displayName: string
  description: string
  supportsUnder?: boolean
  supportsIn?: boolean
  /** Is it enforced by the emulator? */
  hasEffect?: boolean
}

export const ALLOWED_BINARY_AUTHORIZATION_POLICIES = 'run.allowedBinaryAuthorizationPolicies'
export const DISABLE_KEY_CREATION = 'iam.disableServiceAccountKeyCreation'
export const DISABLE_ACCOUNT_CREATION = 'iam.disableServiceAccountCreation'

export const CONSTRAINTS: Record<string, KnownConstraint> = {
  'compute.trustedImageProjects': {
    kind: 'list',
    displayName: 'Define trusted image projects',
    description: 'The projects whose images may be the disks of virtual machines.',
    supportsUnder: true,
  },
  'gcp.resourceLocations': {
    kind: 'list',
    displayName: 'Google Cloud Platform - Resource Location Restriction',
    description: 'The locations in which resources may be created.',
    supportsIn: true,
  },
  'gcp.restrictNonCmekServices': {
    kind: 'list',
    displayName: 'Restrict which services may create resources without CMEK',
    description: 'The services whose resources need a customer-managed encryption key.',
  },
  'gcp.restrictServiceUsage': {
    kind: 'list',
    displayName: 'Restrict Resource Service Usage',
    description: 'The services whose resources may be used.',
    supportsIn: true,
  },
  'iam.allowedPolicyMemberDomains': {
    kind: 'list',
    displayName: 'Domain restricted sharing',
    description: 'The organizations whose principals may be members of IAM policies.',
    supportsIn: true,
  },
  [DISABLE_ACCOUNT_CREATION]: {
    kind: 'boolean',
    displayName: 'Disable service account creation',
    description: 'No service account can be created where it is enforced.',
    hasEffect: true,
  },
  [DISABLE_KEY_CREATION]: {
    kind: 'boolean',
    displayName: 'Disable service account key creation',
    description: 'No key of a service account can be created where it is enforced.',
    hasEffect: true,
  },
  [ALLOWED_BINARY_AUTHORIZATION_POLICIES]: {
    kind: 'list',
    displayName: 'Allowed Binary Authorization Policies (Cloud Run)',
    description: 'The Binary Authorization policies that Cloud Run services and jobs may name: default, or the name of a policy.',
    hasEffect: true,
  },
  'run.allowedIngress': {
    kind: 'list',
    displayName: 'Allowed ingress settings (Cloud Run)',
    description: 'The ingress settings that Cloud Run services may have.',
  },
  'run.allowedVPCEgress': {
    kind: 'list',
    displayName: 'Allowed VPC egress settings (Cloud Run)',
    description: 'The VPC egress settings that Cloud Run revisions may have.',
  },
  'serviceuser.services': {
    kind: 'list',
    displayName: 'Restrict allowed Google Cloud APIs and services',
    description: 'The services that may be enabled.',
  },
}

export const isCustom = (constraint: string) => constraint.startsWith('custom.')

export const knownConstraint = (constraint: string) =>
  Object.hasOwn(CONSTRAINTS, constraint) ? CONSTRAINTS[constraint] : undefined

export function listConstraints(
  { parent }: Schemas['ListConstraintsRequest'],
  _ctx: Context,
): Schemas['ListConstraintsResponse'] {
  const { project } = PROJECT.parse(parent, 'parent')
  return {
    constraints: Object.entries(CONSTRAINTS).map(([id, { kind, displayName, description, supportsIn, supportsUnder }]) => ({
      name: CONSTRAINT.format({ project, constraint: id }),
      displayName,
      description,
      constraintDefault: 'ALLOW',
      ...(kind === 'list' ? { listConstraint: { supportsIn, supportsUnder } } : { booleanConstraint: {} }),
    })),
  }
}
