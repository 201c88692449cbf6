// Image references as they stand in a Pod.

/** `sha256:<64 hex>` of `repository[:tag]@sha256:…`; undefined for a tag alone and for anything malformed. A tag beside the digest
 * does not count: it is the digest that runs. */
export const digestOfImage = (image: string): string | undefined => /^[^\s@]+@(sha256:[0-9a-f]{64})$/.exec(image)?.[1]
