// google.cloud.location.Locations, once for all APIs: where resources can live.
import { namePattern } from '../core/names.ts'
import { type Context, rpc } from '../core/service.ts'
import { invalidArgument, notFound } from '../core/status.ts'

/** Regions of Google Cloud, then the multi-regions and `global` (https://cloud.google.com/about/locations). */
export const LOCATIONS =
  `africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1
asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1
europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1
northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 asia asia1 eur4 eur5 europe global nam3 nam4 us`.split(/\s+/)

const PROJECT = namePattern('projects/{project}')
const LOCATION = namePattern('projects/{project}/locations/{location}')

export const isLocation = (id: string) => LOCATIONS.includes(id)

const location = (project: string, locationId: string) => ({
  name: `projects/${project}/locations/${locationId}`,
  locationId,
  labels: { 'cloud.googleapis.com/region': locationId },
})

function listLocations(
  { name = '', pageSize = 0, pageToken }: { name?: string; pageSize?: number; pageToken?: string },
  _ctx: Context,
) {
  const { project } = PROJECT.parse(name)
  const from = pageToken ? LOCATIONS.indexOf(pageToken) : 0
  if (from < 0 || pageSize < 0) throw invalidArgument('The page size or page token is invalid.')
  const to = from + (pageSize || LOCATIONS.length)
  return { locations: LOCATIONS.slice(from, to).map((id) => location(project, id)), nextPageToken: LOCATIONS[to] }
}

function getLocation({ name = '' }: { name?: string }, _ctx: Context) {
  const { project, location: id } = LOCATION.parse(name)
  if (!isLocation(id)) throw notFound(`Location ${name} not found.`)
  return location(project, id)
}

export const locationsMixin = {
  'google.cloud.location.Locations': {
    ListLocations: rpc(listLocations, 'name', 'pageSize', 'pageToken'),
    GetLocation: rpc(getLocation, 'name'),
  },
}
