// The YAML that makes an API server ask the emulator: as the validating webhook that GKE has today, and as the image policy
// webhook of before (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#imagepolicywebhook).
import type { Format } from './config-settings.ts'

export interface Webhook {
  /** `https://host:port/admission/projects/…`. */
  url: string
  /** PEM. */
  ca: string
  /** Let no Pod in while the emulator does not answer. GKE lets them in
   * (https://cloud.google.com/binary-authorization/docs/deploying-containers). */
  failClosed: boolean
}

/** Where the API server of kubeadm, and so of kind and minikube, sees files of its node. */
const FOLDER = '/etc/ssl/certs/binauthz'

const base64 = (pem: string) => Buffer.from(pem).toString('base64')

const atAddress = (url: string) =>
  `# It is asked at ${new URL(url).origin}, as the machine of the API server sees that: another is given with --address.`

/** What happens without an answer, for a comment. */
const withoutAnswer = (failClosed: boolean) =>
  failClosed
    ? '# while it does not answer, no Pod is let in; GKE lets them in'
    : '# as in GKE: while it does not answer, every Pod is let in; --fail-closed lets none in'

const validating = ({ url, ca, failClosed }: Webhook) => `\
# A cluster asks binauthz-emulator about each Pod, as a GKE cluster asks Google: kubectl apply -f THIS_FILE
${atAddress(url)}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: binauthz-admission-controller
webhooks:
  - name: imagepolicywebhook.image-policy.k8s.io
    clientConfig:
      url: ${url}
      # of an emulator without --data it is another one after each start
      caBundle: ${base64(ca)}
    rules:
      - apiGroups: ['']
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [pods, pods/ephemeralcontainers]
        scope: Namespaced
    matchPolicy: Equivalent
    ${withoutAnswer(failClosed)}
    failurePolicy: ${failClosed ? 'Fail' : 'Ignore'}
    # a dry run is judged too; what it leaves is the audit entry that an API server writes of a dry run as of any request
    sideEffects: None
    admissionReviewVersions: [v1]
    timeoutSeconds: 10
`

const imagePolicy = ({ failClosed }: Webhook) => `\
# ${FOLDER}/admission.yaml, for the API server alone: it starts with
#   --enable-admission-plugins=NodeRestriction,ImagePolicyWebhook
#   --admission-control-config-file=${FOLDER}/admission.yaml
# kind:      extraMounts brings the folder of both files to ${FOLDER}, kubeadmConfigPatches both flags to apiServer.extraArgs
# k3s:       --kube-apiserver-arg=FLAG=VALUE for each flag, without its dashes
# minikube:  both files in ~/.minikube/files${FOLDER}, --extra-config=apiserver.FLAG=VALUE for each flag
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ImagePolicyWebhook
    configuration:
      imagePolicy:
        kubeConfigFile: ${FOLDER}/kubeconfig.yaml
        # no answer is remembered, so that a new policy counts at once
        allowTTL: -1
        denyTTL: -1
        retryBackoff: 500
        ${withoutAnswer(failClosed)}
        defaultAllow: ${!failClosed}
`

const kubeconfig = ({ url, ca }: Webhook) => `\
# ${FOLDER}/kubeconfig.yaml, which admission.yaml names: how the API server reaches binauthz-emulator
${atAddress(url)}
apiVersion: v1
kind: Config
clusters:
  - name: binauthz-emulator
    cluster:
      server: ${url}
      # of an emulator without --data it is another one after each start
      certificate-authority-data: ${base64(ca)}
users:
  - name: kube-apiserver
    user: {} # the emulator asks nobody who they are
contexts:
  - name: webhook
    context:
      cluster: binauthz-emulator
      user: kube-apiserver
current-context: webhook
`

/** Each is one YAML document, and one file. */
export const documentOf: Record<Format, (webhook: Webhook) => string> = { validating, imagepolicy: imagePolicy, kubeconfig }
