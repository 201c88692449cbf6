// What an API server does with its admission webhooks: whom it asks about what, over which TLS, what it takes for an answer, and
// what becomes of a request that gets none (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/,
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook).
import { request } from 'node:https'

/** What becomes of a request of a client. */
export interface Outcome {
  allowed: boolean
  /** Was the webhook asked, and did it answer? */
  isAnswered: boolean
  /** The Status that the client gets where it is refused. */
  status?: { status: string; code: number; reason: string; message: string; details?: object }
  /** Of the API server's audit event. */
  annotations: Record<string, string>
}

export interface Tls {
  minVersion?: 'TLSv1.3'
  maxVersion?: 'TLSv1.2'
}

/** Asks the webhooks of a ValidatingWebhookConfiguration about the request of an AdmissionReview, where their rules say so. */
export async function admitByWebhooks(configuration: any, review: any, tls: Tls = {}): Promise<Outcome> {
  const annotations: Record<string, string> = {}
  let isAnswered = false
  for (const [index, webhook] of configuration.webhooks.entries()) {
    const { name, clientConfig, failurePolicy, sideEffects, timeoutSeconds, rules } = webhook
    if (!rules.some((rule: any) => matches(rule, review.request))) continue
    if (review.request.dryRun && !['None', 'NoneOnDryRun'].includes(sideEffects))
      return refused(400, 'BadRequest', `admission webhook "${name}" does not support dry run`, annotations)
    let response: any
    try {
      const ca = Buffer.from(clientConfig.caBundle, 'base64')
      response = checked(await post(clientConfig.url, review, { ca, ...tls }, timeoutSeconds, 'kube-apiserver-admission'), review)
    } catch (error) {
      const message = `failed calling webhook "${name}": failed to call webhook: Post "${clientConfig.url}": ${(error as Error).message}`
      if (failurePolicy !== 'Ignore')
        return refused(500, 'InternalError', `Internal error occurred: ${message}`, annotations, isAnswered)
      annotations[`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`] = name
      continue
    }
    isAnswered = true
    for (const [key, value] of Object.entries<string>(response.auditAnnotations ?? {})) annotations[`${name}/${key}`] = value
    if (!response.allowed) {
      const { code = 0, reason = '', message = '', details } = response.status ?? {}
      const denial = `admission webhook "${name}" denied the request${message || reason ? `: ${message || reason}` : ' without explanation'}`
      return { ...refused(Math.max(code, 400), reason, denial, annotations, true, details) }
    }
  }
  return { allowed: true, isAnswered, annotations }
}

const matches = ({ apiGroups, apiVersions, operations, resources, scope }: any, request: any) => {
  const has = (list: string[], value: string) => list.includes('*') || list.includes(value)
  const { group, version, resource } = request.resource
  const named = request.subResource ? `${resource}/${request.subResource}` : resource
  const isInScope = scope === '*' || (scope === 'Namespaced') === Boolean(request.namespace)
  return (
    has(apiGroups, group) && has(apiVersions, version) && has(operations, request.operation) && has(resources, named) && isInScope
  )
}

/** The response of an AdmissionReview. Throws for what an API server takes for no answer. */
function checked(answer: any, { request }: any): any {
  const { apiVersion, kind, response } = answer
  if (!response) throw new Error('webhook response was absent')
  if (response.uid !== request.uid) throw new Error(`expected response.uid="${request.uid}", got "${response.uid}"`)
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview')
    throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`)
  if (response.patch || response.patchType) throw new Error('webhook response must not contain patch')
  return response
}

const refused = (
  code: number,
  reason: string,
  message: string,
  annotations: Record<string, string>,
  isAnswered = false,
  details?: object,
): Outcome => ({ allowed: false, isAnswered, annotations, status: { status: 'Failure', code, reason, message, details } })

/** Asks the backend of an AdmissionConfiguration with ImagePolicyWebhook about a Pod, or about its ephemeral containers alone. */
export async function admitByImagePolicy(
  { imagePolicy }: any,
  kubeconfig: any,
  pod: any,
  subResource?: 'ephemeralcontainers',
): Promise<Outcome> {
  const { context } = kubeconfig.contexts.find(({ name }: any) => name === kubeconfig['current-context'])
  const { cluster } = kubeconfig.clusters.find(({ name }: any) => name === context.cluster)
  if (!kubeconfig.users.some(({ name }: any) => name === context.user)) throw new Error(`there is no user ${context.user}`)
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  const asked = subResource ? ephemeralContainers : [...containers, ...initContainers]
  const known = Object.entries(pod.metadata.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'))
  const review = {
    kind: 'ImageReview',
    apiVersion: 'imagepolicy.k8s.io/v1alpha1',
    metadata: { creationTimestamp: null },
    spec: {
      containers: asked.map(({ image }: any) => ({ image })),
      ...(known.length > 0 && { annotations: Object.fromEntries(known) }),
      namespace: pod.metadata.namespace,
    },
    status: { allowed: false },
  }
  const prefix = `pods "${pod.metadata.name}" is forbidden:`
  const annotations: Record<string, string> = {}
  try {
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64')
    const { status } = await post(cluster.server, review, { ca }, 30, 'kube-apiserver/v1.33.1 (linux/amd64) kubernetes/8adc0f0')
    for (const [key, value] of Object.entries<string>(status.auditAnnotations ?? {}))
      annotations[`imagepolicywebhook.image-policy.k8s.io/${key}`] = value
    if (status.allowed) return { allowed: true, isAnswered: true, annotations }
    const why = status.reason
      ? `image policy webhook backend denied one or more images: ${status.reason}`
      : 'one or more images rejected by webhook backend'
    return refused(403, 'Forbidden', `${prefix} ${why}`, annotations, true)
  } catch (error) {
    if (!imagePolicy.defaultAllow) return refused(403, 'Forbidden', `${prefix} ${(error as Error).message}`, annotations)
    return { allowed: true, isAnswered: false, annotations: { 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' } }
  }
}

/** The body of an answer with status 2xx within the time. The names of the URL are those of the cluster's machines: here all are
 * this one. */
async function post(
  url: string,
  body: object,
  tls: Tls & { ca: Buffer },
  timeoutSeconds: number,
  userAgent: string,
): Promise<any> {
  const content = JSON.stringify(body)
  const sent = request(`${url}?timeout=${timeoutSeconds}s`, {
    ...tls,
    method: 'POST',
    agent: false,
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
    lookup: (_name, { all }, found) => (all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)),
    headers: {
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(content),
      'user-agent': userAgent,
    },
  })
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', async (response) => {
      try {
        resolve({ status: response.statusCode!, text: Buffer.concat(await response.toArray()).toString() })
      } catch (error) {
        reject(error)
      }
    })
    sent.end(content)
  })
  if (status < 200 || status > 299) throw new Error(`status ${status}: ${text}`)
  return JSON.parse(text)
}
