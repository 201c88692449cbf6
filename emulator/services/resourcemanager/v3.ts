// Version 3 of projects (https://cloud.google.com/resource-manager/reference/rest/v3/projects).
import { page } from '../../core/collection.ts'
import { etagOf } from '../../core/etag.ts'
import { maskPaths } from '../../core/field-mask.ts'
import { namePattern } from '../../core/names.ts'
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { invalidArgument } from '../../core/status.ts'
import type { components } from '../../gen/cloudresourcemanager.v3.ts'
import { finishedOperation, type LongrunningOperation } from '../../mixins/operations.ts'
import { PROJECT_FILTER, projectFilter } from './project-filters.ts'
import * as projects from './projects.ts'

type Schemas = components['schemas']
type Project = Schemas['Project']

export const PROJECT = namePattern('projects/{project}')
const TYPE = 'type.googleapis.com/google.cloud.resourcemanager.v3'
const LIMITS = { default: 10, max: 300 }

const view = (ctx: Context, project: projects.Project): Project => ({
  name: `projects/${projectNumber(ctx.db, project.projectId)}`,
  ...project,
  etag: `W/${etagOf(project)}`,
})

const idOf = (name: string | undefined) => PROJECT.parse(name).project

/** What the operation made, as its response. `metadata` is the name of its type and its fields. */
function operation(ctx: Context, prefix: string, metadata: string, project: projects.Project, fields = {}): LongrunningOperation {
  return finishedOperation(ctx, '', projects.operationId(ctx, prefix), {
    metadata: { '@type': `${TYPE}.${metadata}`, ...fields },
    response: { '@type': `${TYPE}.Project`, ...view(ctx, project) },
  })
}

export function createProject({ project = {} }: Schemas['CreateProjectRequest'], ctx: Context): LongrunningOperation {
  const created = projects.createProject(ctx, project)
  const { createTime } = created
  return operation(ctx, 'cp', 'CreateProjectMetadata', created, { createTime, gettable: true, ready: true })
}

export const getProject = ({ name }: Schemas['GetProjectRequest'], ctx: Context): Project =>
  view(ctx, projects.getProject(ctx, idOf(name)))

/** The projects directly below a parent. */
export function listProjects(request: Schemas['ListProjectsRequest'], ctx: Context): Schemas['ListProjectsResponse'] {
  const { parent = '', showDeleted = false } = request
  if (!/^(organizations|folders)\/\d+$/.test(parent))
    throw invalidArgument(`Invalid parent "${parent}": it must be organizations/NUMBER or folders/NUMBER.`)
  function* children(after: string) {
    for (const row of projects.allProjects(ctx, after))
      if (row.document.parent === parent && (showDeleted || row.document.state === 'ACTIVE')) yield row
  }
  const { items, nextPageToken } = page(children, request, LIMITS, {
    parent: `${parent} ${showDeleted}`,
    view: (project) => view(ctx, project),
  })
  return { projects: items, nextPageToken }
}

export function searchProjects(request: Schemas['SearchProjectsRequest'], ctx: Context): Schemas['SearchProjectsResponse'] {
  // the fields of the query are those of version 1's filter, where a name is the display name
  const fields = {
    projectNumber: ({ name }: Project) => name?.split('/')[1],
    name: ({ displayName }: Project) => displayName,
    lifecycleState: ({ state }: Project) => state,
  }
  const { items, nextPageToken } = page(
    (after) => projects.allProjects(ctx, after),
    { ...request, filter: projectFilter(request.query ?? '') },
    LIMITS,
    { parent: '', view: (project) => view(ctx, project), filterOptions: { ...PROJECT_FILTER, fields: fields as never } },
  )
  return { projects: items, nextPageToken }
}

const CHANGEABLE = ['displayName', 'labels']

export function updateProject({ project = {}, updateMask }: Schemas['UpdateProjectRequest'], ctx: Context): LongrunningOperation {
  const sent = maskPaths(updateMask).filter((path) => path !== '*')
  const wrong = sent.find((path) => !CHANGEABLE.includes(path))
  if (wrong) throw invalidArgument(`Field "${wrong}" of a project cannot be updated.`)
  const covers = (key: string) => sent.length === 0 || sent.includes(key)
  const id = idOf(project.name)
  const changes: Partial<projects.Project> = {
    ...(covers('displayName') && { displayName: project.displayName ?? id }),
    ...(covers('labels') && { labels: project.labels }),
  }
  return operation(ctx, 'up', 'UpdateProjectMetadata', projects.updateProject(ctx, id, changes))
}

export function moveProject({ name, destinationParent }: Schemas['MoveProjectRequest'], ctx: Context): LongrunningOperation {
  if (!destinationParent) throw invalidArgument('destination_parent is required.')
  const moved = projects.updateProject(ctx, idOf(name), { parent: destinationParent })
  return operation(ctx, 'mp', 'MoveProjectMetadata', moved)
}

export const deleteProject = ({ name }: Schemas['DeleteProjectRequest'], ctx: Context): LongrunningOperation =>
  operation(ctx, 'dp', 'DeleteProjectMetadata', projects.deleteProject(ctx, idOf(name)))

export const undeleteProject = ({ name }: Schemas['UndeleteProjectRequest'], ctx: Context): LongrunningOperation =>
  operation(ctx, 'ud', 'UndeleteProjectMetadata', projects.undeleteProject(ctx, idOf(name)))
