// Allow-list patterns of a policy: exempt images, by the name as it is written in the Pod
// (https://cloud.google.com/binary-authorization/docs/policy-yaml-reference#admissionwhitelistpatterns).

/** What is wrong with a pattern; undefined where nothing is. A wildcard may stand at the end alone, behind `registry/`. */
export function checkPattern(pattern: string): string | undefined {
  if (pattern === '') return 'name pattern must not be empty'
  if (/\s/.test(pattern)) return `name pattern "${pattern}" must not contain white space`
  const wildcard = pattern.indexOf('*')
  if (wildcard < 0) return undefined
  if (!/^[^*]+\*{1,2}$/.test(pattern)) return `name pattern "${pattern}" may contain a wildcard (* or **) only at its end`
  if (!/^[^/]+\/./.test(pattern)) return `name pattern "${pattern}" may contain a wildcard only after a registry and a slash`
  return undefined
}

/** Does the image match? Without wildcard the pattern is the whole name; `*` stands for anything but `/`, `**` for anything.
 * Nothing is normalised, and a prefix is a prefix: `gcr.io/my-project**` matches `gcr.io/my-project-exploit/x` too, as in production. */
export function matchesPattern(pattern: string, image: string): boolean {
  if (checkPattern(pattern)) return false
  const wildcard = pattern.indexOf('*')
  if (wildcard < 0) return pattern === image
  const prefix = pattern.slice(0, wildcard)
  return image.startsWith(prefix) && (pattern.endsWith('**') || !image.includes('/', prefix.length))
}
