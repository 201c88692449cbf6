// Where the types of notes and the details of occurrences differ between v1 and v1beta1: one table, read in both directions.
// What is not in it exists in one of the versions only (protos: grafeas/v1/, google/devtools/containeranalysis/v1beta1/).
import type { KindField } from './kinds.ts'

/** Both ways between the ProtoJSON of v1 and v1beta1. `undefined` where the other version cannot express a value. */
interface Conversion {
  toV1(beta: any): any
  toBeta(v1: any): any
}

/** A field that has the same name and form in both, or its name in v1, its path in v1beta1, and how its value differs. */
type Field = string | readonly [v1: string, beta: string, conversion?: Conversion]

const SAME: Conversion = { toV1: (value) => value, toBeta: (value) => value }

function message(...fields: Field[]): Conversion {
  const rules = fields.map((field) => (typeof field === 'string' ? [field, field] : field) as Exclude<Field, string>)
  return {
    toV1(beta) {
      const v1: Record<string, unknown> = {}
      for (const [name, path, conversion = SAME] of rules) {
        const value = path.split('.').reduce<any>((at, key) => at?.[key], beta)
        const converted = value === undefined ? undefined : conversion.toV1(value)
        if (converted !== undefined) v1[name] = converted
      }
      return v1
    },
    toBeta(v1) {
      const beta: Record<string, any> = {}
      for (const [name, path, conversion = SAME] of rules) {
        const converted = v1[name] === undefined ? undefined : conversion.toBeta(v1[name])
        if (converted === undefined) continue
        const keys = path.split('.')
        const last = keys.pop()!
        const holder = keys.reduce((at, key) => (at[key] ??= {}), beta)
        holder[last] = converted
      }
      return beta
    },
  }
}

const list = ({ toV1, toBeta }: Conversion): Conversion => ({
  toV1: (values: unknown[]) => values.map(toV1),
  toBeta: (values: unknown[]) => values.map(toBeta),
})

const mapOf = ({ toV1, toBeta }: Conversion): Conversion => {
  const each = (map: object, convert: (value: unknown) => unknown) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [key, convert(value)]))
  return { toV1: (map) => each(map, toV1), toBeta: (map) => each(map, toBeta) }
}

/** An enum of v1beta1 that is a text in v1: what the enum does not know is left out. */
const enumOfText = (...names: string[]): Conversion => ({
  toV1: (value) => (typeof value === 'string' ? value : undefined),
  toBeta: (text) => (names.includes(text) ? text : undefined),
})

/** Kinds that v1beta1 has no name for keep their number, as unknown values of an enum do. */
const NUMBER_OF_KIND: Record<string, number> = {
  UPGRADE: 8,
  COMPLIANCE: 9,
  DSSE_ATTESTATION: 10,
  VULNERABILITY_ASSESSMENT: 11,
  SBOM_REFERENCE: 12,
  SECRET: 13,
}

export const KIND: Conversion = {
  toV1: (kind) => Object.keys(NUMBER_OF_KIND).find((name) => NUMBER_OF_KIND[name] === kind) ?? kind,
  toBeta: (kind) => NUMBER_OF_KIND[kind] ?? kind,
}

const FINGERPRINT = message('v1Name', 'v2Blob', 'v2Name')
const VERSION = message('epoch', 'name', 'revision', 'kind')
const HASH = message(['type', 'type', enumOfText('SHA256')], 'value')
const SOURCE = message(
  'artifactStorageSourceUri',
  ['fileHashes', 'fileHashes', mapOf(message(['fileHash', 'fileHash', list(HASH)]))],
  'context',
  'additionalContexts',
)
const PROVENANCE = message(
  'id',
  'projectId',
  'commands',
  'builtArtifacts',
  'createTime',
  'startTime',
  'endTime',
  'creator',
  'logsUri',
  ['sourceProvenance', 'sourceProvenance', SOURCE],
  'triggerId',
  'buildOptions',
  'builderVersion',
)
const DIRECTIVES =
  'MAINTAINER RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL HEALTHCHECK SHELL'.split(
    ' ',
  )

/** Field in v1 → field in v1beta1, and the difference of the two messages. */
export const NOTE_TYPES: Partial<Record<KindField, [beta: string, conversion: Conversion]>> = {
  vulnerability: [
    'vulnerability',
    message(
      'cvssScore',
      'severity',
      [
        'details',
        'details',
        list(
          message(
            'severityName',
            'description',
            'packageType',
            'isObsolete',
            'sourceUpdateTime',
            ['affectedCpeUri', 'cpeUri'],
            ['affectedPackage', 'package'],
            ['affectedVersionStart', 'minAffectedVersion', VERSION],
            ['affectedVersionEnd', 'maxAffectedVersion', VERSION],
            ['fixedCpeUri', 'fixedLocation.cpeUri'],
            ['fixedPackage', 'fixedLocation.package'],
            ['fixedVersion', 'fixedLocation.version', VERSION],
          ),
        ),
      ],
      'cvssV3',
      'windowsDetails',
      'sourceUpdateTime',
    ),
  ],
  build: ['build', message('builderVersion')],
  image: ['baseImage', message('resourceUrl', ['fingerprint', 'fingerprint', FINGERPRINT])],
  package: [
    'package',
    message('name', [
      'distribution',
      'distribution',
      list(message('cpeUri', 'architecture', ['latestVersion', 'latestVersion', VERSION], 'maintainer', 'url', 'description')),
    ]),
  ],
  deployment: ['deployable', message('resourceUri')],
  discovery: ['discovery', message(['analysisKind', 'analysisKind', KIND])],
  attestation: ['attestationAuthority', message('hint')],
}

const GENERIC_ATTESTATION = message(
  ['serializedPayload', 'attestation.genericSignedAttestation.serializedPayload'],
  ['signatures', 'attestation.genericSignedAttestation.signatures'],
)

/** An attached PGP message carries its own payload; v1 has it as the one signature, over no payload. */
const ATTESTATION: Conversion = {
  toV1(beta) {
    const pgp = beta.attestation?.pgpSignedAttestation
    if (!pgp) return GENERIC_ATTESTATION.toV1(beta)
    const signature = pgp.signature && Buffer.from(pgp.signature).toString('base64')
    return { signatures: [{ ...(signature && { signature }), ...(pgp.pgpKeyId && { publicKeyId: pgp.pgpKeyId }) }] }
  },
  toBeta: GENERIC_ATTESTATION.toBeta,
}

const wrapped = (by: string, ...fields: Field[]) =>
  message(
    ...fields.map(
      (field): Field => (typeof field === 'string' ? [field, `${by}.${field}`] : [field[0], `${by}.${field[1]}`, field[2]]),
    ),
  )

/** Field in v1 → field in v1beta1, and the difference of the two messages. */
export const OCCURRENCE_DETAILS: Partial<Record<KindField, [beta: string, conversion: Conversion]>> = {
  vulnerability: [
    'vulnerability',
    message(
      'type',
      'severity',
      'cvssScore',
      [
        'packageIssue',
        'packageIssue',
        list(
          message(
            ['affectedCpeUri', 'affectedLocation.cpeUri'],
            ['affectedPackage', 'affectedLocation.package'],
            ['affectedVersion', 'affectedLocation.version', VERSION],
            ['fixedCpeUri', 'fixedLocation.cpeUri'],
            ['fixedPackage', 'fixedLocation.package'],
            ['fixedVersion', 'fixedLocation.version', VERSION],
          ),
        ),
      ],
      'shortDescription',
      'longDescription',
      'relatedUrls',
      'effectiveSeverity',
    ),
  ],
  build: ['build', message(['provenance', 'provenance', PROVENANCE], 'provenanceBytes')],
  image: [
    'derivedImage',
    wrapped(
      'derivedImage',
      ['fingerprint', 'fingerprint', FINGERPRINT],
      'distance',
      ['layerInfo', 'layerInfo', list(message(['directive', 'directive', enumOfText(...DIRECTIVES)], 'arguments'))],
      'baseResourceUrl',
    ),
  ],
  package: [
    'installation',
    wrapped('installation', 'name', ['location', 'location', list(message('cpeUri', ['version', 'version', VERSION], 'path'))]),
  ],
  deployment: [
    'deployment',
    wrapped('deployment', 'userEmail', 'deployTime', 'undeployTime', 'config', 'address', 'resourceUri', 'platform'),
  ],
  discovery: ['discovered', wrapped('discovered', 'continuousAnalysis', 'analysisStatus', 'analysisStatusError')],
  attestation: ['attestation', ATTESTATION],
}
