/** The AdmissionReview of a Pod with these images. `metadata` and `spec` add to those of the Pod, all else to the request. */
export const podReview = (images: string[], { metadata = {}, spec = {}, ...request }: Record<string, any> = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    operation: 'CREATE',
    namespace: 'default',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'app', ...metadata },
      spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })), ...spec },
    },
    ...request,
  },
})
