// What would make an image pass that is denied: hints at the place of the tree where it failed. They change no verdict.
import type { Context } from '../../core/service.ts'
import { findAttestor } from './attestors.ts'
import { evaluate } from './evaluation.ts'
import type { AttestorStep, Deployment, RuleStep, SignatureStep } from './evaluation-tree.ts'
import { keyHints, keyVersionOf, versionName } from './explain-keys.ts'
import { attestedImages, digestOfTag, kindOfNote, type Reference, referenceOf, tagsOfDigest } from './explain-lookups.ts'

const MAX_NAMED = 3

/** Of a rule that denies. */
export async function ruleHints(step: RuleStep, image: string, deployment: Deployment, ctx: Context): Promise<string[]> {
  if (step.code === 'ALWAYS_DENY')
    return [`Nothing passes ${step.rule} but images that the allow-list or the system policy exempts: change its evaluationMode.`]
  if (step.code === 'TOO_MANY_IMAGES') return ['Put fewer images into one Pod.']
  if (step.code !== 'IMAGE_NOT_BY_DIGEST') return severalAttestors(step)
  const reference = referenceOf(image)
  const { repository, tag } = reference
  if (reference.digest !== undefined)
    return [`What follows the @ is no digest: deploy ${repository}@sha256:<64 lower-case hex digits>.`]
  const named = tag === undefined ? 'The image has neither a tag nor a digest' : 'The image has a tag but no digest'
  const digest = digestOfTag({ repository, tag: tag ?? 'latest' }, ctx)
  if (!digest)
    return [
      `${named}: deploy ${repository}@sha256:<digest>.`,
      ...(await attestedByAll(step, reference, undefined, tag ?? 'latest', ctx)),
    ]
  const byDigest = `${repository}@${digest}`
  const { allowed } = await evaluate({ ...deployment, images: [byDigest] }, ctx)
  if (allowed) return [`${named}: deploy ${byDigest}, which passes; that is what the tag points to now.`]
  return [
    `${named}: deploy it by digest. The tag points to ${digest} now, which would be denied too.`,
    ...(await attestedByAll(step, reference, digest, tag ?? 'latest', ctx)),
  ]
}

function severalAttestors({ attestors = [] }: RuleStep): string[] {
  const satisfied = attestors.filter(({ result }) => result === 'SATISFIED').length
  return attestors.length > 1
    ? [`All ${attestors.length} attestors of the rule must be satisfied, and ${satisfied || 'none'} of them is.`]
    : []
}

/** Attested digests of the repository, attestor by attestor. */
async function attestedByAll(step: RuleStep, reference: Reference, digest: string | undefined, tag: string, ctx: Context) {
  const hints = new Set<string>()
  for (const { attestor } of step.attestors ?? []) {
    const note = findAttestor(ctx, attestor)?.userOwnedGrafeasNote?.noteReference
    const hint = note && (await otherDigests(note, reference, digest, tag, ctx))
    if (hint) hints.add(hint)
  }
  return hints
}

/** `Attested under https://…@sha256:A; the tag "1.0" now points to sha256:B.` */
async function otherDigests(
  note: string,
  { repository }: Reference,
  digest: string | undefined,
  tag: string | undefined,
  ctx: Context,
) {
  const others = (await attestedImages(note, repository, ctx)).filter((image) => image.digest !== digest)
  if (others.length === 0) return undefined
  const named = others.slice(0, MAX_NAMED).map(({ resourceUri }) => resourceUri)
  const more = others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : ''
  const now = digest && (tag ? `; the tag "${tag}" now points to ${digest}` : `; this is ${digest}`)
  return `Attested under ${named.join(', ')}${more}${now ?? ''}.`
}

/** Of an attestor that is not satisfied, beyond what its attestations tell. */
export async function attestorHints(step: AttestorStep, image: string, ctx: Context): Promise<string[]> {
  const { attestor: name, code, note } = step
  const project = name.split('/')[1]
  if (code === 'ATTESTOR_NOT_FOUND')
    return [`Create attestor ${name} in project ${project} again, or take it out of the rule's requireAttestationsBy.`]
  if (code === 'ATTESTOR_HAS_NO_KEYS')
    return [`Give it a key: gcloud container binauthz attestors public-keys add --attestor=${name} --keyversion=<key version>`]
  if (code !== 'NO_ATTESTATION' || !note) return []
  const kind = kindOfNote(note, ctx)
  if (kind === undefined)
    return [
      `Attestor ${name} lives in project ${project} and its note ${note} was deleted, or never made: create it as a note of kind ATTESTATION.`,
    ]
  if (kind !== 'ATTESTATION') return [`Its note ${note} is of kind ${kind}: attestations need one of kind ATTESTATION.`]
  const reference = referenceOf(image)
  const { repository, digest = '' } = reference
  const tag = reference.tag ?? tagsOfDigest(repository, digest, ctx)[0]
  const others = await otherDigests(note, reference, digest, tag, ctx)
  return [...(others ? [others] : []), `Attest it: ${attestCommand(step, `${repository}@${digest}`)}`]
}

function attestCommand({ attestor, publicKeyIds = [] }: AttestorStep, artifact: string): string {
  const version = publicKeyIds.map(keyVersionOf).find((found) => found !== undefined)
  const key = version ? versionName(version) : '<key version>'
  return `gcloud container binauthz attestations sign-and-create --artifact-url=${artifact} --attestor=${attestor} --keyversion=${key}`
}

/** Of a signature that does not count. */
export function signatureHints(signature: SignatureStep, attestor: string, digest: string, ctx: Context): string[] {
  const { publicKeyId, code, why = '' } = signature
  if (code === 'VERIFIED') return []
  const listed = (findAttestor(ctx, attestor)?.userOwnedGrafeasNote?.publicKeys ?? []).map(({ id = '' }) => id)
  if (code === 'KEY_ID_MISSING') return [`Name the key: publicKeyId must be one of ${listed.slice(0, MAX_NAMED).join(', ')}.`]
  if (code === 'KEY_NOT_FOUND')
    return keyHints(
      publicKeyId,
      listed,
      attestor,
      listed.find((id) => why.includes(`The signature is good with its key "${id}"`)),
    )
  if (code === 'SIGNATURE_INVALID')
    return [`Sign the stored payload, byte for byte, with the private key of ${publicKeyId}, and make the attestation again.`]
  if (code === 'PAYLOAD_DIGEST_MISMATCH') {
    const signed = /sha256:[0-9a-f]{64}/.exec(why)?.[0] ?? 'another digest'
    return [`Its payload approves ${signed}, wherever the occurrence stands: deploy that, or sign a payload for ${digest}.`]
  }
  if (code === 'PAYLOAD_INVALID')
    return ['Sign what gcloud container binauthz create-signature-payload --artifact-url=<image> prints, to the last newline.']
  return []
}
