// What enforcement would block: Pods, revisions and executions that dry run or break-glass has let in although the evaluation denies an
// image of theirs. What was denied is not among them: that is blocked already.
import type { Context } from '../../core/service.ts'
import { admittedDecisions } from '../logging/index.ts'
import type { Decision } from './decisions.ts'
import type { ImageEvaluation } from './evaluation-tree.ts'
import { denialMessage } from './messages.ts'

/** An image that is denied for one reason in one project. */
export interface WouldDenyGroup {
  project: string
  image: string
  /** The message of the denial, as enforcement would word it. */
  reason: string
  /** Of the rule, and of the attestors that are not satisfied. */
  codes: string[]
  /** Decisions, of which `dryRun` and `breakGlass` were let in by either. */
  count: number
  dryRun: number
  breakGlass: number
  firstSeen: string
  lastSeen: string
  clusters: string[]
  namespaces: string[]
  serviceAccounts: string[]
  /** `namespace/pod`. At most 20 of them, and each list is in the order in which its members were first seen. */
  pods: string[]
  /** Revisions and executions of Cloud Run; missing where there are none. */
  resources?: string[]
}

export interface WouldDeny {
  /** The most frequent first. */
  wouldDeny: WouldDenyGroup[]
  /** How many groups there are beyond those that are listed. */
  notListed: number
}

const MAX_MEMBERS = 20
/** Groups that are counted; of what comes later and is in none of them, only how many groups that would be is. */
const MAX_GROUPS = 10_000

async function* admitted(ctx: Context, since: bigint, logNames: (string | undefined)[]): AsyncGenerator<string> {
  for (const logName of logNames) yield* admittedDecisions(ctx, since, logName)
}

/** Counts decisions from the time `since` on (nanoseconds since the epoch), of all projects or those in some logs. */
export async function wouldDeny(
  ctx: Context,
  since: bigint,
  limit: number,
  logNames: (string | undefined)[] = [undefined],
): Promise<WouldDeny> {
  const groups = new Map<string, WouldDenyGroup>()
  const beyond = new Set<string>()
  for await (const text of admitted(ctx, since, logNames)) {
    const decision: Decision = JSON.parse(text)
    for (const image of decision.images) {
      if (image.allowed) continue
      const { project } = decision
      const [reason, codes] = [denialMessage(image), codesOf(image)]
      const key = JSON.stringify([project, image.image, reason, codes])
      let group = groups.get(key)
      if (!group) {
        if (groups.size >= MAX_GROUPS) {
          if (beyond.size < MAX_GROUPS) beyond.add(key)
          continue
        }
        const none = { count: 0, dryRun: 0, breakGlass: 0, firstSeen: decision.time, lastSeen: decision.time }
        group = {
          project,
          image: image.image,
          reason,
          codes,
          ...none,
          clusters: [],
          namespaces: [],
          serviceAccounts: [],
          pods: [],
        }
        groups.set(key, group)
      }
      count(group, decision)
    }
  }
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count || (a.lastSeen < b.lastSeen ? 1 : -1))
  return { wouldDeny: sorted.slice(0, limit), notListed: Math.max(0, sorted.length - limit) + beyond.size }
}

function count(group: WouldDenyGroup, { verdict, time, cluster, namespace, serviceAccount, pod, resource }: Decision) {
  group.count++
  group[verdict === 'DRY_RUN' ? 'dryRun' : 'breakGlass']++
  // times of one log ascend, those of the next begin anew
  if (time < group.firstSeen) group.firstSeen = time
  if (time > group.lastSeen) group.lastSeen = time
  if (cluster) add(group.clusters, cluster)
  if (namespace) add(group.namespaces, namespace)
  if (serviceAccount) add(group.serviceAccounts, serviceAccount)
  if (pod) add(group.pods, `${namespace}/${pod}`)
  if (resource) {
    group.resources ??= []
    add(group.resources, resource)
  }
}

function add(members: string[], member: string) {
  if (members.length < MAX_MEMBERS && !members.includes(member)) members.push(member)
}

function codesOf({ steps }: ImageEvaluation): string[] {
  const codes = steps.flatMap((step) =>
    step.step === 'ADMISSION_RULE' ? [step.code, ...(step.attestors ?? []).map((attestor) => attestor.code)] : [],
  )
  return [...new Set(codes.filter((code) => code !== undefined))]
}
