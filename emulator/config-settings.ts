// Every setting of the emulator in one table: name, flag, environment variable, default, help.
import { LOG_LEVELS } from './log.ts'

export const CLIENTS = ['gcloud', 'node', 'python', 'go', 'terraform', 'kubectl', 'docker'] as const
/** What a bearer token of the emulator's own says; it stands for the owner. */
export const TOKEN = 'binauthz-emulator'
/** How a token begins that names a member. */
export const MEMBER_TOKEN = 'emulator:'

export const IAM_MODES = ['off', 'log', 'enforce'] as const
export const MODES = ['direct', 'proxy', 'takeover'] as const
export const SHELLS = ['sh', 'powershell', 'json'] as const
export const FORMATS = ['validating', 'imagepolicy', 'kubeconfig'] as const

export type Client = (typeof CLIENTS)[number]
export type Mode = (typeof MODES)[number]
export type Format = (typeof FORMATS)[number]
export type Command = 'start' | 'env' | 'exec' | 'explain' | 'decisions' | 'webhook'

export interface Setting {
  flag: string
  /** What stands for its value in the help; a switch has none. */
  value?: string
  env?: string
  default?: string
  help: string
  /** The commands that take it. Without: those that start an emulator, which it describes. */
  of?: Command[]
}

export const EVERY: Command[] = ['start', 'env', 'exec', 'explain', 'decisions', 'webhook']
export const STARTING: Command[] = ['start', 'exec']
/** Those that look for an emulator which runs. */
const FINDING: Command[] = ['env', 'exec', 'explain', 'decisions', 'webhook']

export const SETTINGS = {
  host: { flag: 'host', value: 'address', env: 'BINAUTHZ_EMULATOR_HOST', default: '127.0.0.1', help: 'listen here', of: EVERY },
  port: { flag: 'port', value: 'port', env: 'BINAUTHZ_EMULATOR_PORT', default: '9080', help: '0 takes a free one', of: EVERY },
  data: {
    flag: 'data',
    value: 'folder',
    env: 'BINAUTHZ_EMULATOR_DATA',
    help: 'keep all data here; otherwise it is in memory and gone at the end',
  },
  seed: { flag: 'seed', value: 'file', env: 'BINAUTHZ_EMULATOR_SEED', help: 'what a new store begins with; otherwise the demo' },
  noSeed: { flag: 'no-seed', env: 'BINAUTHZ_EMULATOR_NO_SEED', help: 'begin with nothing' },
  project: {
    flag: 'project',
    value: 'id',
    env: 'BINAUTHZ_EMULATOR_PROJECT',
    default: 'my-app-prod',
    help: `project of the demo; ${'$'}{project} in a seed file; the one of explain, decisions and webhook`,
    of: EVERY,
  },
  strictProjects: {
    flag: 'strict-projects',
    env: 'BINAUTHZ_EMULATOR_STRICT_PROJECTS',
    help: 'refuse projects that the seed does not name',
  },
  lenient: {
    flag: 'lenient',
    env: 'BINAUTHZ_EMULATOR_LENIENT',
    help: 'take frequent misspellings in policies (ALLOW_ALL) for what they mean, and log each',
  },
  maxLogEntries: {
    flag: 'max-log-entries',
    value: 'count',
    env: 'BINAUTHZ_EMULATOR_MAX_LOG_ENTRIES',
    help: 'keep only the newest ones, decisions are among them; 0 keeps all (50000 in memory, all with --data)',
  },
  operationDelay: {
    flag: 'operation-delay',
    value: 'duration',
    env: 'BINAUTHZ_EMULATOR_OPERATION_DELAY',
    default: '0s',
    help: 'show operations on clusters, services and the like as under way for so long: 30s, 1.5s',
  },
  iam: {
    flag: 'iam',
    value: 'mode',
    env: 'BINAUTHZ_EMULATOR_IAM',
    default: 'off',
    help: 'enforce refuses calls that IAM policies do not allow, log only says which (off, log, enforce)',
  },
  iamOwner: {
    flag: 'iam-owner',
    value: 'member',
    env: 'BINAUTHZ_EMULATOR_IAM_OWNER',
    help: 'owner of every project, user:alice@example.com; otherwise the account that env gives to clients',
  },
  cert: {
    flag: 'cert',
    value: 'file',
    env: 'BINAUTHZ_EMULATOR_CERT',
    help: 'certificate for TLS, PEM, with --key; otherwise it makes its own',
  },
  key: { flag: 'key', value: 'file', env: 'BINAUTHZ_EMULATOR_KEY', help: 'private key of --cert, PEM' },
  san: {
    flag: 'san',
    value: 'name,…',
    env: 'BINAUTHZ_EMULATOR_SAN',
    help: 'further names and addresses for its own certificate',
  },
  webhookHosts: {
    flag: 'webhook-hosts',
    value: 'name,…',
    env: 'BINAUTHZ_EMULATOR_WEBHOOK_HOSTS',
    help: 'hosts beside loopback to which log sinks may send entries',
  },
  logLevel: {
    flag: 'log-level',
    value: 'level',
    env: 'BINAUTHZ_EMULATOR_LOG_LEVEL',
    default: 'info',
    help: LOG_LEVELS.join(', '),
    of: ['start', 'exec'],
  },
  endpointsFile: {
    flag: 'endpoints-file',
    value: 'file',
    env: 'BINAUTHZ_EMULATOR_ENDPOINTS_FILE',
    help: 'start writes here where it listens; the others look there',
    of: EVERY,
  },
  url: { flag: 'url', value: 'url', env: 'BINAUTHZ_EMULATOR_URL', help: 'the emulator to use', of: FINDING },
  client: {
    flag: 'client',
    value: 'name,…',
    env: 'BINAUTHZ_EMULATOR_CLIENT',
    default: 'gcloud',
    help: `whom env and exec point at it: ${CLIENTS.join(', ')}, all`,
    of: ['env', 'exec'],
  },
  mode: {
    flag: 'mode',
    value: 'mode',
    env: 'BINAUTHZ_EMULATOR_MODE',
    help: 'how: direct, proxy or takeover; otherwise the one with which a client needs no change',
    of: ['env', 'exec'],
  },
  force: { flag: 'force', env: 'BINAUTHZ_EMULATOR_FORCE', help: 'set real credentials aside', of: ['env', 'exec'] },
  as: {
    flag: 'as',
    value: 'member',
    env: 'BINAUTHZ_EMULATOR_AS',
    help: 'whom clients are for IAM: user:alice@example.com, serviceAccount:ci@…; otherwise gcloud is nobody, all else the owner',
    of: ['env', 'exec'],
  },
  shell: {
    flag: 'shell',
    value: 'shell',
    env: 'BINAUTHZ_EMULATOR_SHELL',
    default: process.platform === 'win32' ? 'powershell' : 'sh',
    help: `what env writes for: ${SHELLS.join(', ')}`,
    of: ['env'],
  },
  cluster: {
    flag: 'cluster',
    value: 'location.name',
    help: 'where explain deploys the image; whose webhook it is (europe-west2.prod)',
    of: ['explain', 'webhook'],
  },
  namespace: { flag: 'namespace', value: 'name', help: 'of the Pod that explain asks about (default)', of: ['explain'] },
  serviceAccount: {
    flag: 'service-account',
    value: 'name',
    help: 'of the Pod that explain asks about (default)',
    of: ['explain'],
  },
  wouldDeny: {
    flag: 'would-deny',
    help: 'decisions lists what dry run and break-glass let in and enforcement would block',
    of: ['decisions'],
  },
  since: { flag: 'since', value: 'time', help: 'decisions since then, or for so long: 90s, 15m, 1h, 7d', of: ['decisions'] },
  json: { flag: 'json', help: 'explain and decisions write JSON', of: ['explain', 'decisions'] },
  address: {
    flag: 'address',
    value: 'host[:port]',
    help: 'where the API server of a cluster reaches the emulator; otherwise where webhook does',
    of: ['webhook'],
  },
  failClosed: {
    flag: 'fail-closed',
    help: 'webhook: let no Pod in while the emulator does not answer; GKE lets them in',
    of: ['webhook'],
  },
  format: {
    flag: 'format',
    value: 'format',
    default: 'validating',
    help: `what webhook prints: ${FORMATS.join(', ')}`,
    of: ['webhook'],
  },
  unset: { flag: 'unset', help: 'env takes back what it has set', of: ['env'] },
} satisfies Record<string, Setting>

export const ROWS: Setting[] = Object.values(SETTINGS)
