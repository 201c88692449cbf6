// `binauthz-emulator webhook`: prints what makes the API server of a cluster ask an emulator that runs, once that has answered as
// it would be asked (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).
import type { Config } from './config.ts'
import { StartError } from './core/database.ts'
import { fetchCa, findEmulator, noEmulator } from './running.ts'
import { askAsCluster } from './webhook-call.ts'
import { documentOf } from './webhook-documents.ts'

/** That of the demo and of the documentation. */
const CLUSTER = 'europe-west2.prod'

/** The YAML of --format. Throws StartError where no emulator runs, where an API server could not trust it at the address, or where
 * it has no webhook for the project and the cluster. */
export async function webhook(config: Config): Promise<string> {
  const emulator = await findEmulator(config)
  if (!emulator) throw new StartError(noEmulator(config))
  const project = config.isProjectGiven ? config.project : emulator.project
  const { cluster = CLUSTER, format, failClosed } = config
  const [, location, name] = /^([^.]+)\.(.+)$/.exec(cluster) ?? []
  if (!location || !name)
    throw new StartError(`--cluster must be a location and a name such as europe-west2.prod, not "${cluster}".`)
  const path = `/admission/${['projects', project, 'locations', location, 'clusters', name].map(encodeURIComponent).join('/')}`
  const { host, port } = addressOf(config, emulator.url)
  const ca = await caOf(emulator.url)
  await askAsCluster({ emulator: emulator.url, host, path, ca })
  return documentOf[format]({ url: `https://${host}:${port}${path}`, ca, failClosed })
}

/** The port is the emulator's unless --address has one. */
function addressOf({ address }: Config, emulatorUrl: string) {
  const url = new URL(emulatorUrl)
  const [, host, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(address ?? url.hostname)!
  return { host: host!.toLowerCase(), port: port ?? (url.port || '80') }
}

async function caOf(url: string): Promise<string> {
  try {
    return await fetchCa(url)
  } catch {
    throw new StartError(`The emulator at ${url} gives no CA, without which no cluster can trust it: its log says why.`)
  }
}
