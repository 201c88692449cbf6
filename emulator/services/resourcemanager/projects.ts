// Projects (https://cloud.google.com/resource-manager/reference/rest/v3/projects), as both versions of the API see them. One that was never
// created is ACTIVE, unless projects must be created first; one that is deleted can be undeleted.
import { collection } from '../../core/collection.ts'
import { createProject as makeKnown, projectId } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'
import { alreadyExists, failedPrecondition, invalidArgument, permissionDenied, StatusError } from '../../core/status.ts'
import { projectIds } from './store.ts'

export interface Project {
  projectId: string
  displayName: string
  state: 'ACTIVE' | 'DELETE_REQUESTED'
  labels?: Record<string, string>
  /** `organizations/1` or `folders/2`. */
  parent?: string
  /** Missing where the project was never created. */
  createTime?: string
  updateTime?: string
  deleteTime?: string
}

const projects = (ctx: Context) => collection<Project>(ctx.db, 'resourcemanager_projects')

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u
const DISPLAY_NAME = /^[A-Za-z0-9 '"!-]{4,30}$/
const PARENT = /^(organizations|folders)\/\d+$/

/** Throws INVALID_ARGUMENT for what the API does not take. */
function checkProject({ displayName, labels = {}, parent }: Partial<Project>) {
  if (displayName !== undefined && !DISPLAY_NAME.test(displayName))
    throw invalidArgument(
      'field [display_name] has issue [project display name contains invalid characters or is not 4 to 30 characters long]',
    )
  if (parent !== undefined && !PARENT.test(parent))
    throw invalidArgument(`field [parent] has issue [${parent} is neither organizations/NUMBER nor folders/NUMBER]`)
  if (Object.keys(labels).length > 64) throw invalidArgument('field [labels] has issue [there are more than 64 labels]')
  for (const [key, value] of Object.entries(labels))
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalidArgument(`field [labels] has issue [the label ${JSON.stringify(key)} or its value has invalid characters]`)
}

/** The project of an id or a number. Throws INVALID_ARGUMENT for what cannot be one, PERMISSION_DENIED, as production does, for one that there
 * is not: a number that stands for none, or an id that was not created where projects must be. */
export function getProject(ctx: Context, reference = ''): Project {
  const id = projectId(ctx.db, reference)
  if (id === '' || id === '-') throw invalidArgument(`Invalid project ID "${id}": it must name one project.`)
  if (/^\d+$/.test(id)) throw permissionDenied('The caller does not have permission')
  ctx.canonicalName(`projects/${id}`)
  return projects(ctx).get(id) ?? { projectId: id, displayName: id, state: 'ACTIVE' }
}

/** All projects from behind the id `after` on, in the order of their ids. */
/** Those that the caller may see. */
export function* allProjects(ctx: Context, after: string): IterableIterator<{ position: string; document: Project }> {
  for (const id of projectIds(ctx, after))
    try {
      if (ctx.holds('resourcemanager.projects.get', `projects/${id}`)) yield { position: id, document: getProject(ctx, id) }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error // named, but never created where projects must be
    }
}

function save(ctx: Context, project: Project): Project {
  if (!projects(ctx).insert(project.projectId, '', project)) projects(ctx).update(project.projectId, project)
  return project
}

export interface NewProject {
  projectId?: string
  displayName?: string
  labels?: Record<string, string>
  parent?: string
}

export function createProject(ctx: Context, { projectId = '', displayName, labels, parent }: NewProject): Project {
  checkProject({ displayName, labels, parent })
  if (/^\d*$/.test(projectId) || projectId === '-')
    throw invalidArgument(`field [project_id] has issue [Invalid project ID "${projectId}"]`)
  if (projects(ctx).get(projectId)) throw alreadyExists('Requested entity already exists')
  makeKnown(ctx.db, projectId)
  ctx.canonicalName(`projects/${projectId}`) // refused where it is no id: what was made known is rolled back
  const times = { createTime: ctx.timestamp(), updateTime: ctx.timestamp() }
  return save(ctx, { projectId, displayName: displayName || projectId, state: 'ACTIVE', labels, parent, ...times })
}

/** Changes what `changes` has. */
export function updateProject(ctx: Context, reference: string | undefined, changes: Partial<Project>): Project {
  checkProject(changes)
  const project = getProject(ctx, reference)
  if (project.state !== 'ACTIVE') throw failedPrecondition('Precondition check failed.')
  return save(ctx, { ...project, ...changes, updateTime: ctx.timestamp() })
}

/** The project waits for its end. Its resources go on being served: production would refuse requests for them. */
export function deleteProject(ctx: Context, reference: string | undefined): Project {
  const project = getProject(ctx, reference)
  if (project.state !== 'ACTIVE') throw failedPrecondition('Precondition check failed.')
  ctx.log.warn(
    { project: project.projectId },
    'a project is marked for deletion; requests for its resources are still answered here',
  )
  return save(ctx, { ...project, state: 'DELETE_REQUESTED', updateTime: ctx.timestamp(), deleteTime: ctx.timestamp() })
}

export function undeleteProject(ctx: Context, reference: string | undefined): Project {
  const { deleteTime: _, ...project } = getProject(ctx, reference)
  if (project.state !== 'DELETE_REQUESTED') throw failedPrecondition('Precondition check failed.')
  return save(ctx, { ...project, state: 'ACTIVE', updateTime: ctx.timestamp() })
}

/** A number of 19 digits, as the ids of its operations have: `cp.5604738089330105044`. */
export function operationId(ctx: Context, prefix: string): string {
  const number = ctx.ids.bytes(8).readBigUInt64BE() % 9_000_000_000_000_000_000n
  return `${prefix}.${number + 1_000_000_000_000_000_000n}`
}
