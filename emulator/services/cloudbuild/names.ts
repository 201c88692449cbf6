// Resource names. A name without a location, `projects/P/builds/B`, is that of a build in `global`.
import { namePattern } from '../../core/names.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument, notFound } from '../../core/status.ts'
import { isLocation } from '../../mixins/locations.ts'

const PROJECT = namePattern('projects/{project}')
export const LOCATION = namePattern('projects/{project}/locations/{location}')
export const BUILD = namePattern('projects/{project}/locations/{location}/builds/{build}')

/** `projects/P/locations/L` of a request that has it as its parent, or the project alone. */
export function parentOfRequest({ parent, projectId }: { parent?: string; projectId?: string }, ctx: Context): string {
  if (!parent && !projectId) throw invalidArgument('project_id must be specified.')
  const named = parent ?? ctx.canonicalName(`projects/${projectId}/locations/global`)
  const { project, location } = LOCATION.parse(named, 'parent')
  if (!isLocation(location)) throw notFound(`Location ${location} is not found or access is unauthorized.`)
  if (parent && projectId && ctx.canonicalName(`projects/${projectId}`) !== PROJECT.format({ project }))
    throw invalidArgument(`project_id "${projectId}" is not the project of parent "${parent}".`)
  return named
}

/** The name of the build that a request is for, which has the name or the ids of project and build. */
export function buildNameOfRequest(
  { name, projectId, id }: { name?: string; projectId?: string; id?: string },
  ctx: Context,
): string {
  if (!name && (!projectId || !id)) throw invalidArgument('project_id and id must be specified.')
  const named = name ?? ctx.canonicalName(`projects/${projectId}/locations/global/builds/${id}`)
  BUILD.parse(named)
  return named
}

/** The name as the API shows it, with the number of the project. */
export function shownBuildName(name: string, ctx: Context): string {
  const { project, location, build } = BUILD.parse(name)
  return BUILD.format({ project: projectNumber(ctx.db, project), location, build })
}

/** The operation of a build: its id is that of the build in base64. */
export function operationName(buildName: string): string {
  const { project, location, build } = BUILD.parse(buildName)
  const id = Buffer.from(build).toString('base64')
  return location === 'global'
    ? `operations/build/${project}/${id}`
    : `${LOCATION.format({ project, location })}/operations/${id}`
}

const GLOBAL_OPERATION = namePattern('operations/build/{project}/{operation}')
const OPERATION = namePattern('projects/{project}/locations/{location}/operations/{operation}')

/** The inverse of operationName; undefined for the name of anything else. */
export function buildNameOfOperation(name: string, ctx: Context): string | undefined {
  const variables = GLOBAL_OPERATION.match(name) ?? OPERATION.match(name)
  if (!variables) return undefined
  const { project, location = 'global', operation } = variables as { project: string; location?: string; operation: string }
  const build = Buffer.from(operation, 'base64').toString()
  return ctx.canonicalName(BUILD.format({ project, location, build }))
}
