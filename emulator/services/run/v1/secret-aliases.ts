// Secrets of other projects: v2 has their full names, v1 an alias each, and an annotation that says what the aliases stand for:
// `alias:projects/123/secrets/name,…` (https://cloud.google.com/run/docs/configuring/services/secrets).
import { violation } from './annotations.ts'

export const SECRETS = 'run.googleapis.com/secrets'

const FULL_NAME = /^projects\/[^/,:\s]+\/secrets\/[^/,:\s]+$/

export interface SecretAliases {
  /** The name in v2 of what v1 calls so. */
  secretOf(name: string): string
  /** The name in v1 of a secret of v2; from then on the annotation has it. */
  aliasOf(secret: string): string
  annotation(): string | undefined
}

/** `text`: the annotation as it was sent. */
export function secretAliases(text: string | undefined, path = 'spec.template.metadata.annotations'): SecretAliases {
  const aliases = new Map<string, string>()
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const [, alias, secret] = /^\s*([^:\s]+):(\S+)\s*$/.exec(part) ?? []
    if (!alias || !FULL_NAME.test(secret ?? ''))
      throw violation(`${path}[${SECRETS}]`, 'must be a list of ALIAS:projects/PROJECT/secrets/SECRET')
    aliases.set(alias, secret!)
  }
  const made = new Map<string, string>()
  return {
    secretOf: (name) => aliases.get(name) ?? name,
    aliasOf(secret) {
      if (!FULL_NAME.test(secret)) return secret
      const known = [...aliases, ...made].find(([, named]) => named === secret)?.[0]
      if (known) return known
      const [, project, , id] = secret.split('/')
      const alias = `${id}-of-${project}`
      made.set(alias, secret)
      return alias
    },
    annotation() {
      const list = [text ?? '', ...[...made].map(([alias, secret]) => `${alias}:${secret}`)].filter(Boolean)
      return list.length > 0 ? list.join(',') : undefined
    },
  }
}
