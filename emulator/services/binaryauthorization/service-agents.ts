// Who reads attestors and attestations at evaluation: the service agents of Binary Authorization, one a project. Within their own
// project they may; in others they need the roles of https://cloud.google.com/binary-authorization/docs/multi-project-setup-cli.
import { projectNumber } from '../../core/projects.ts'
import type { Context } from '../../core/service.ts'

/** Address of a project's service agent. */
export const serviceAgent = (ctx: Context, project: string) =>
  `service-${projectNumber(ctx.db, project)}@gcp-sa-binaryauthorization.iam.gserviceaccount.com`

const projectOf = (name: string) => name.split('/')[1]!

/** What an agent lacks for evaluating this attestor in a deployment of `project`, as a sentence; undefined where it lacks nothing. */
export function lackingRole(project: string, attestor: string, note: string | undefined, ctx: Context): string | undefined {
  const home = projectOf(attestor)
  const needs = [
    [project, attestor, 'binaryauthorization.attestors.verifyImageAttested', 'roles/binaryauthorization.attestorsVerifier'],
    [home, note ?? attestor, 'containeranalysis.notes.listOccurrences', 'roles/containeranalysis.notes.occurrences.viewer'],
  ] as const
  for (const [owner, resource, permission, role] of needs) {
    const agent = serviceAgent(ctx, owner)
    if (owner !== projectOf(resource) && !ctx.holds(permission, resource, `serviceAccount:${agent}`))
      return `serviceAccount:${agent} lacks ${permission} on ${resource}: it needs ${role}.`
  }
  return undefined
}
