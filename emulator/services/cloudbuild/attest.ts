// What Cloud Build leaves in Container Analysis for each image of a build that succeeded: three occurrences of kind BUILD, with notes in
// Google's project, and the attestation of `built-by-cloud-build`.
import type { Context } from '../../core/service.ts'
import { pae } from '../binaryauthorization/index.ts'
import { createNote, createOccurrence } from '../containeranalysis/index.ts'
import { attestImage, type Warning } from './built-by-cloud-build.ts'
import { BUILDER_VERSION, buildProvenance, type FinishedBuild, slsaProvenanceV1, slsaProvenanceV01 } from './provenance.ts'
import { artifactRegistryPackage } from './pushed-images.ts'
import { builtByCloudBuild, HOSTED_WORKER, PROVENANCE_SIGNER, signature } from './signing-keys.ts'

const NOTES = 'projects/verified-builder'
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

export interface Attested {
  /** Names of the occurrences. */
  occurrences: string[]
  warnings: Warning[]
}

/** Provenance is for images in Artifact Registry alone, as in production; the attestation is for every image that the build has pushed. */
export function attest(finished: FinishedBuild, ctx: Context): Attested {
  const { build, images } = finished
  const digests = new Map(images.map((image) => [`${image.image}@${image.digest}`, image]))
  const inRegistry = [...digests].filter(([, { image }]) => artifactRegistryPackage(image)).map(([name]) => name)
  const occurrences: string[] = []
  if (inRegistry.length > 0)
    for (const [noteId, content] of Object.entries(buildOccurrences(finished, ctx))) {
      createNote({ parent: NOTES, noteId, note: { build: { builderVersion: BUILDER_VERSION } } }, ctx)
      for (const image of inRegistry) {
        const occurrence = { resourceUri: `https://${image}`, noteName: `${NOTES}/notes/${noteId}`, ...structuredClone(content) }
        occurrences.push(createOccurrence({ parent: `projects/${build.projectId}`, occurrence }, ctx, occurrences.length).name!)
      }
    }
  const warnings: Warning[] = []
  for (const image of digests.values()) {
    const { occurrence, warning } = attestImage(image, build.projectId!, occurrences.length, ctx)
    if (occurrence) occurrences.push(occurrence)
    if (warning) warnings.push(warning)
  }
  return { occurrences, warnings: warnings.slice(0, 1) }
}

/** The occurrences of one build by the ids of their notes. */
function buildOccurrences(finished: FinishedBuild, ctx: Context) {
  const { build, builtIns } = finished
  const provenance = buildProvenance(finished)
  const intotoStatement = slsaProvenanceV01(finished)
  const { slsaProvenance, ...header } = intotoStatement
  // the older one has its predicate twice, and its keys in order
  const older = Buffer.from(sortedJson({ ...header, predicate: slsaProvenance, slsaProvenance }))
  const inTotoSlsaProvenanceV1 = slsaProvenanceV1(finished)
  const newer = Buffer.from(JSON.stringify(inTotoSlsaProvenanceV1))
  const regional = builtByCloudBuild(builtIns.LOCATION)
  const envelope = (payload: Buffer, signatures: { keyid: string; sig: string }[]) => ({
    payload: payload.toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures,
  })
  const overPae = (keyid: string, payload: Buffer) => ({ keyid, sig: signature(keyid, pae(PAYLOAD_TYPE, payload), ctx) })
  return {
    [build.id!]: {
      build: { provenance, provenanceBytes: Buffer.from(JSON.stringify(provenance)).toString('base64') },
    },
    [`intoto_${build.id}`]: {
      build: { intotoStatement },
      envelope: envelope(older, [
        overPae(PROVENANCE_SIGNER, older),
        { keyid: regional, sig: signature(regional, older, ctx) }, // from before there was DSSE: over the payload itself
      ]),
    },
    [`intoto_slsa_v1_${build.id}`]: {
      build: { inTotoSlsaProvenanceV1 },
      envelope: envelope(newer, [overPae(HOSTED_WORKER, newer)]),
    },
  }
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, child) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  )
