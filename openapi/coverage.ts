// docs/coverage.md: each method of each API, where it is over REST, and whether it is implemented or refused by name.
import type { DescMessage, FileRegistry } from '@bufbuild/protobuf'
import type { Rpc, Service } from '../emulator/core/service.ts'
import type { Api } from './apis.ts'
import type { RouteRow } from './document.ts'

export interface Covered {
  api: Api
  registry: FileRegistry
  routes: RouteRow[]
}

const HEAD = `# Coverage

Written by \`npm run generate\`; never edited. A method or a field that Google has and the emulator does not honour is refused by its
name with the status \`UNIMPLEMENTED\` (HTTP 400), never ignored. Bindings under \`folders/\` and \`organizations/\` are not served, but for
the custom constraints of an organization. Every method that has a REST binding here is served over gRPC too, with the same answers.
`

const MIXIN = /^google\.(iam\.v1|longrunning|cloud\.location)\./

/** The fields of a request that are refused by name, as paths; a message of which nothing is honoured is one path. */
export function refusedFields(message: DescMessage, honoured: readonly string[], prefix = ''): string[] {
  return message.fields.flatMap((field) => {
    const path = prefix + field.jsonName
    if (honoured.includes(path)) return []
    const isPart = field.message && honoured.some((other) => other.startsWith(`${path}.`))
    return isPart ? refusedFields(field.message!, honoured, `${path}.`) : [path]
  })
}

function apiTable({ api, registry, routes }: Covered, services: Service[]): string {
  const rows = api.services.flatMap((serviceName) =>
    registry.getService(serviceName)!.methods.flatMap((method) => {
      const bindings = routes.filter(([, , rpc]) => rpc === `${serviceName}/${method.name}`)
      if (bindings.length === 0 && MIXIN.test(serviceName)) return []
      const rpc = services.map(({ apis }) => apis[api.id]?.[serviceName]?.[method.name]).find((found): found is Rpc => !!found)
      const rest = bindings.map(([verb, template]) => `\`${verb} ${template}\``).join('<br>') || 'none served'
      const refused = rpc ? refusedFields(method.input, rpc.fields).map((path) => `\`${path}\``) : []
      return [
        {
          isDone: rpc !== undefined,
          text: `| ${serviceName.split('.').at(-1)} | ${method.name} | ${rest} | ${rpc ? 'yes' : 'refused'} | ${refused.join(', ')} |`,
        },
      ]
    }),
  )
  const done = rows.filter(({ isDone }) => isDone).length
  return `## ${api.title}

${done} of ${rows.length} methods are implemented. Hosts: ${api.hosts.join(', ')}.

| Service | Method | REST | Implemented | Request fields refused |
|---|---|---|---|---|
${rows.map(({ text }) => text).join('\n')}
`
}

/** The whole page, one table an API. */
export const coverage = (apis: Covered[], services: Service[]) => [HEAD, ...apis.map((one) => apiTable(one, services))].join('\n')
