// Version 1 of projects (https://cloud.google.com/resource-manager/reference/rest/v1/projects): all but IAM and organization policies.
import { page } from '../../core/collection.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/cloudresourcemanager.v1.ts'
import { type LongrunningOperation, startedOperation } from '../../mixins/operations.ts'
import { PROJECT_FILTER, projectFilter } from './project-filters.ts'
import * as projects from './projects.ts'

type Schemas = components['schemas']
type Project = Schemas['Project']

const TYPE = 'type.googleapis.com/google.cloudresourcemanager.v1'

const PARENTS: Record<string, string> = { organization: 'organizations', folder: 'folders' }

/** `{type: "organization", id: "1"}` → `organizations/1`. */
function parentName(parent: Project['parent']): string | undefined {
  if (!parent) return undefined
  const { type = '', id = '' } = parent
  if (!Object.hasOwn(PARENTS, type))
    throw invalidArgument(`field [parent.type] has issue ["${type}" is neither organization nor folder]`)
  return `${PARENTS[type]}/${id}`
}

function resourceId(name: string): Schemas['ResourceId'] {
  const [collection, id] = name.split('/')
  return { type: collection!.slice(0, -1), id }
}

const view = (ctx: Context, { projectId, displayName, state, labels, parent, createTime }: projects.Project): Project => ({
  projectNumber: projectNumber(ctx.db, projectId),
  projectId,
  lifecycleState: state,
  name: displayName,
  labels,
  createTime,
  parent: parent === undefined ? undefined : resourceId(parent),
})

export function createProject({ projectId, name, labels, parent }: Project, ctx: Context): LongrunningOperation {
  const project = projects.createProject(ctx, { projectId, displayName: name, labels, parent: parentName(parent) })
  const { name: operation } = startedOperation(ctx, '', projects.operationId(ctx, 'cp'), {
    metadata: { '@type': `${TYPE}.ProjectCreationStatus`, gettable: true, ready: true },
    response: { '@type': `${TYPE}.Project`, ...view(ctx, project) },
  })
  return { name: operation }
}

export const getProject = ({ projectId }: Schemas['GetProjectRequest'], ctx: Context): Project =>
  view(ctx, projects.getProject(ctx, projectId))

export function listProjects(request: Schemas['ListProjectsRequest'], ctx: Context): Schemas['ListProjectsResponse'] {
  const { items, nextPageToken } = page(
    (after) => projects.allProjects(ctx, after),
    { ...request, filter: projectFilter(request.filter ?? '') },
    { default: 500, max: 1000 },
    { parent: '', view: (project) => view(ctx, project), filterOptions: PROJECT_FILTER },
  )
  return { projects: items, nextPageToken }
}

/** Overwrites name and labels. The parent can be changed, but not be taken away. */
export function updateProject({ projectId, name, labels, parent }: Project, ctx: Context): Project {
  const parentChange = parent && { parent: parentName(parent) }
  const changes = { displayName: name ?? projects.getProject(ctx, projectId).projectId, labels, ...parentChange }
  return view(ctx, projects.updateProject(ctx, projectId, changes))
}

export function deleteProject({ projectId }: Schemas['DeleteProjectRequest'], ctx: Context): Record<string, never> {
  projects.deleteProject(ctx, projectId)
  return {}
}

export function undeleteProject({ projectId }: Schemas['UndeleteProjectRequest'], ctx: Context): Record<string, never> {
  projects.undeleteProject(ctx, projectId)
  return {}
}

/** The project and its parent: what is above a folder is not known here. */
export function getAncestry({ projectId }: Schemas['GetAncestryRequest'], ctx: Context): Schemas['GetAncestryResponse'] {
  const { projectId: id, parent } = projects.getProject(ctx, projectId)
  const ids = [{ type: 'project', id }, ...(parent ? [resourceId(parent)] : [])]
  return { ancestor: ids.map((resourceId) => ({ resourceId })) }
}
