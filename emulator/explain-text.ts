// Text for a terminal: colours by the mark that a line begins with, and decisions in lines.

const COLOURS: Record<string, number> = { '✓': 32, '✗': 31, '→': 33, '·': 2, '?': 36 }

/** Without control characters, with which the id of a key or the name of an image could draw what it likes. */
export const printable = (line: string) => line.replace(/\p{Cc}/gu, '\ufffd')

/** The mark in its colour; what is no verdict (hints, remarks) the whole line. */
export function coloured(line: string): string {
  const [, indent = '', mark = '', rest = ''] = /^( *)([✓✗→·?])( .*)$/s.exec(line) ?? []
  const colour = COLOURS[mark]
  if (!colour) return line
  const isVerdict = mark === '✓' || mark === '✗'
  const text = isVerdict ? `\x1b[${colour}m${mark}\x1b[0m${rest}` : `\x1b[${colour}m${mark}${rest}\x1b[0m`
  return indent === '' && isVerdict ? `\x1b[1;${colour}m${mark}${rest}\x1b[0m` : indent + text
}

const MARKS: Record<string, string> = { ALLOWED: '✓', DENIED: '✗', DRY_RUN: '→', BREAK_GLASS: '→' }

const sinceWords = (since: string | undefined) => (since ? ` since ${since}` : '')

const toSeconds = (time: string) => time.replace(/\.\d+Z$/, 'Z')

/** `✗ 2026-01-31T12:00:00Z DENIED my-project default/web: image, image`, and the message of what was, or would be, denied. */
export function decisionLines({ decisions, dropped }: any, since?: string): string[] {
  const lines = decisions.flatMap(({ time, verdict, project, namespace, pod, images, message }: any) => [
    `${MARKS[verdict] ?? '·'} ${toSeconds(time)} ${verdict} ${project} ${[namespace, pod].filter(Boolean).join('/')}: ${images.map(({ image }: any) => image).join(', ')}`,
    ...(message ? [`  · ${message}`] : []),
  ])
  return [...(lines.length > 0 ? lines : [`· No decision${sinceWords(since)}`]), ...droppedLine(dropped)]
}

/** One block for each group, and the sum. */
export function wouldDenyLines({ wouldDeny, notListed, dropped }: any, since?: string): string[] {
  if (wouldDeny.length === 0)
    return [`✓ Enforcement would block nothing of what was let in${sinceWords(since)}`, ...droppedLine(dropped)]
  const blocks = wouldDeny.flatMap((group: any) => [
    `✗ ${group.count} × ${group.image}`,
    `  · ${group.reason}`,
    `  · ${group.codes.join(', ')}; dry run ${group.dryRun}, break-glass ${group.breakGlass}; first ${toSeconds(group.firstSeen)}, last ${toSeconds(group.lastSeen)}`,
    `  · in project ${group.project}, cluster ${group.clusters.join(', ')}; Pods ${group.pods.join(', ') || `without a name in ${group.namespaces.join(', ')}`}`,
    `  → Why, and what would make it pass: ${explainCommand(group)}`,
  ])
  const more = notListed > 0 ? [`· and ${notListed} more images or reasons: a shorter --since has fewer`] : []
  return [`· Enforcement would block${sinceWords(since)}, the most frequent first:`, ...blocks, ...more, ...droppedLine(dropped)]
}

const droppedLine = (dropped: number) =>
  dropped > 0 ? [`· ${dropped} older log entries are gone: --max-log-entries keeps more`] : []

/** About the first of the group's Pods: each list begins with what that one has. */
const explainCommand = ({ image, project, clusters, namespaces, serviceAccounts }: any) =>
  [
    `binauthz-emulator explain ${image} --project=${project}`,
    ...(clusters.length > 0 ? [`--cluster=${clusters[0]}`] : []),
    ...(namespaces.length > 0 ? [`--namespace=${namespaces[0]}`] : []),
    ...(serviceAccounts.length > 0 ? [`--service-account=${serviceAccounts[0]}`] : []),
  ].join(' ')
