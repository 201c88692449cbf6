// Annotations of a template that v2 has at its containers and volumes.
import { isObject } from '../../../core/json.ts'
import { type Message, parsed, type Row } from './annotation-forms.ts'

/** The container that requests go to: the one with a port, and where none has one the first. */
export const ingressContainer = ({ containers = [] }: Message): Message =>
  containers.find(({ ports = [] }: Message) => ports.length > 0) ?? containers[0] ?? {}

/** The volume by which v2 says what this annotation says. v1 shows neither it nor its mounts. */
export const CLOUD_SQL: Row = {
  key: 'run.googleapis.com/cloudsql-instances',
  get({ volumes = [] }) {
    const instances = volumes.flatMap(({ cloudSqlInstance }: Message) => cloudSqlInstance?.instances ?? [])
    return instances.length > 0 ? instances.join(',') : undefined
  },
  set(message, text) {
    const instances = text
      .split(',')
      .map((instance) => instance.trim())
      .filter(Boolean)
    const { containers = [], volumes = [] } = message
    const others = volumes.filter(({ cloudSqlInstance }: Message) => !cloudSqlInstance)
    if (instances.length === 0) return undefined
    if (others.some(({ name }: Message) => name === 'cloudsql')) return 'needs the volume name "cloudsql", which is taken'
    message.volumes = [...others, { name: 'cloudsql', cloudSqlInstance: { instances } }]
    for (const container of containers)
      container.volumeMounts = [
        ...(container.volumeMounts ?? []).filter(({ name }: Message) => name !== 'cloudsql'),
        { name: 'cloudsql', mountPath: '/cloudsql' },
      ]
    return undefined
  },
}

/** Names of the volumes that are this annotation in v1. */
export const cloudSqlVolumes = ({ volumes = [] }: Message): string[] =>
  volumes.filter(({ cloudSqlInstance }: Message) => cloudSqlInstance).map(({ name }: Message) => name)

/** `{"container": ["those that must be up before it"]}` */
export const dependencies = (key: string): Row =>
  byContainer(key, 'dependsOn', (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'))

/** `{"container": "text"}` */
export const mappedByContainer = (key: string, field: string): Row =>
  byContainer(key, field, (value) => typeof value === 'string')

function byContainer(key: string, field: string, fits: (value: unknown) => boolean): Row {
  return {
    key,
    get({ containers = [] }) {
      const set = containers.filter((container: Message) => container[field]?.length > 0)
      const entries = set.map(({ name = '', ...container }: Message) => [name, container[field]])
      return entries.length > 0 ? JSON.stringify(Object.fromEntries(entries)) : undefined
    },
    set({ containers = [] }, text) {
      const value = parsed(text)
      if (!isObject(value) || !Object.values(value).every(fits)) return 'must be an object by the names of containers, as JSON'
      const names = containers.map(({ name = '' }: Message) => name)
      const unknown = Object.keys(value).find((name) => !names.includes(name))
      if (unknown !== undefined) return `names the container "${unknown}", which there is not`
      for (const container of containers) {
        const { name = '' } = container
        if (Object.hasOwn(value, name)) container[field] = value[name]
      }
      return undefined
    },
  }
}
