// The steps of a pipeline: a key signs, an attestation says so, an attestor and a policy ask for it, a cluster asks for admission.
package sdk

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	binauthzpb "cloud.google.com/go/binaryauthorization/apiv1/binaryauthorizationpb"
	betapb "cloud.google.com/go/containeranalysis/apiv1beta1/grafeas/grafeaspb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	attestationpb "google.golang.org/genproto/googleapis/devtools/containeranalysis/v1beta1/attestation"
	commonpb "google.golang.org/genproto/googleapis/devtools/containeranalysis/v1beta1/common"
	grafeaspb "google.golang.org/genproto/googleapis/grafeas/v1"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	location   = "europe-west2"
	repository = "europe-west2-docker.pkg.dev/my-app-prod/my-repo/my-image"
)

func random(size int) string {
	id := make([]byte, size)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// newProject is a project id that nothing else has: projects need not be created.
func newProject() string { return "project-" + random(6) }

// newImage is an image by a digest that nothing else has.
func newImage() string { return repository + "@sha256:" + random(32) }

func crc32c(data []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))))
}

func createKeyRing(t *testing.T, project string) string {
	t.Helper()
	parent := fmt.Sprintf("projects/%s/locations/%s", project, location)
	ring, err := kmsClient(t).CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: "ring"})
	must(t, err)
	return ring.Name
}

// createVersion makes a key with a version that can sign, which is waited for as the documentation asks for.
func createVersion(t *testing.T, project string, algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) string {
	t.Helper()
	client := kmsClient(t)
	key, err := client.CreateCryptoKey(t.Context(), &kmspb.CreateCryptoKeyRequest{
		Parent:      createKeyRing(t, project),
		CryptoKeyId: "signer",
		CryptoKey: &kmspb.CryptoKey{
			Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
			VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: algorithm},
		},
	})
	must(t, err)
	for {
		name := key.Name + "/cryptoKeyVersions/1"
		version, err := client.GetCryptoKeyVersion(t.Context(), &kmspb.GetCryptoKeyVersionRequest{Name: name})
		must(t, err)
		if version.State != kmspb.CryptoKeyVersion_PENDING_GENERATION {
			return name
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func createP256Version(t *testing.T, project string) string {
	return createVersion(t, project, kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256)
}

// sign signs a digest, and compares the checksums as the documentation asks for.
func sign(t *testing.T, version string, digest *kmspb.Digest, sum []byte) []byte {
	t.Helper()
	request := &kmspb.AsymmetricSignRequest{Name: version, Digest: digest, DigestCrc32C: crc32c(sum)}
	answer, err := kmsClient(t).AsymmetricSign(t.Context(), request)
	must(t, err)
	if answer.Name != version || !answer.VerifiedDigestCrc32C || answer.SignatureCrc32C.Value != crc32c(answer.Signature).Value {
		t.Fatalf("%v is not the answer for the request, or has changed on its way", answer)
	}
	return answer.Signature
}

func signSHA256(t *testing.T, version string, payload []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(payload)
	return sign(t, version, &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: sum[:]}}, sum[:])
}

// signaturePayload is what an attestation signs (https://cloud.google.com/binary-authorization/docs/making-attestations).
func signaturePayload(image, kind string) []byte {
	reference, digest, _ := strings.Cut(image, "@")
	return fmt.Appendf(nil,
		`{"critical":{"identity":{"docker-reference":%q},"image":{"docker-manifest-digest":%q},"type":%q}}`, reference, digest, kind)
}

// keyID is how an attestor and its attestations name a key of Cloud KMS.
func keyID(version string) string { return "//cloudkms.googleapis.com/v1/" + version }

// createNote makes a note by v1, and over REST, which v1 has not in Go, by v1beta1.
func createNote(t *testing.T, project, id string) string {
	t.Helper()
	parent := "projects/" + project
	if isREST {
		hint := &attestationpb.Authority_Hint{HumanReadableName: "built by us"}
		note, err := grafeasBeta(t).CreateNote(t.Context(), &betapb.CreateNoteRequest{Parent: parent, NoteId: id, Note: &betapb.Note{
			Type: &betapb.Note_AttestationAuthority{AttestationAuthority: &attestationpb.Authority{Hint: hint}},
		}})
		must(t, err)
		return note.Name
	}
	hint := &grafeaspb.AttestationNote_Hint{HumanReadableName: "built by us"}
	note, err := grafeasClient(t).CreateNote(t.Context(), &grafeaspb.CreateNoteRequest{Parent: parent, NoteId: id, Note: &grafeaspb.Note{
		Type: &grafeaspb.Note_Attestation{Attestation: &grafeaspb.AttestationNote{Hint: hint}},
	}})
	must(t, err)
	return note.Name
}

// attestationOf is signed by the key, over the payload of an image.
func attestationOf(t *testing.T, version, signedImage string) *grafeaspb.AttestationOccurrence {
	t.Helper()
	payload := signaturePayload(signedImage, "Google cloud binauthz container signature")
	signature := &grafeaspb.Signature{PublicKeyId: keyID(version), Signature: signSHA256(t, version, payload)}
	return &grafeaspb.AttestationOccurrence{SerializedPayload: payload, Signatures: []*grafeaspb.Signature{signature}}
}

// genericAttestation is the same as v1beta1 has it.
func genericAttestation(attestation *grafeaspb.AttestationOccurrence) *betapb.Occurrence_Attestation {
	var signatures []*commonpb.Signature
	for _, signature := range attestation.Signatures {
		signatures = append(signatures, &commonpb.Signature{PublicKeyId: signature.PublicKeyId, Signature: signature.Signature})
	}
	generic := &attestationpb.GenericSignedAttestation{
		ContentType:       attestationpb.GenericSignedAttestation_SIMPLE_SIGNING_JSON,
		SerializedPayload: attestation.SerializedPayload,
		Signatures:        signatures,
	}
	return &betapb.Occurrence_Attestation{Attestation: &attestationpb.Details{Attestation: &attestationpb.Attestation{
		Signature: &attestationpb.Attestation_GenericSignedAttestation{GenericSignedAttestation: generic},
	}}}
}

// attest attaches an attestation to the note and returns its name, by v1 or v1beta1 as createNote does.
func attest(t *testing.T, project, note, image string, attestation *grafeaspb.AttestationOccurrence) string {
	t.Helper()
	parent, uri := "projects/"+project, "https://"+image
	if isREST {
		occurrence := &betapb.Occurrence{
			Resource: &betapb.Resource{Uri: uri}, NoteName: note, Details: genericAttestation(attestation),
		}
		request := &betapb.CreateOccurrenceRequest{Parent: parent, Occurrence: occurrence}
		created, err := grafeasBeta(t).CreateOccurrence(t.Context(), request)
		must(t, err)
		return created.Name
	}
	occurrence := &grafeaspb.Occurrence{
		ResourceUri: uri, NoteName: note, Details: &grafeaspb.Occurrence_Attestation{Attestation: attestation},
	}
	request := &grafeaspb.CreateOccurrenceRequest{Parent: parent, Occurrence: occurrence}
	created, err := grafeasClient(t).CreateOccurrence(t.Context(), request)
	must(t, err)
	return created.Name
}

func attestorOf(note string, keys ...*binauthzpb.AttestorPublicKey) *binauthzpb.Attestor {
	return &binauthzpb.Attestor{AttestorType: &binauthzpb.Attestor_UserOwnedGrafeasNote{
		UserOwnedGrafeasNote: &binauthzpb.UserOwnedGrafeasNote{NoteReference: note, PublicKeys: keys},
	}}
}

func createAttestor(t *testing.T, project, note string, versions ...string) *binauthzpb.Attestor {
	t.Helper()
	var keys []*binauthzpb.AttestorPublicKey
	for _, version := range versions {
		public, err := kmsClient(t).GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: version})
		must(t, err)
		pkix := &binauthzpb.PkixPublicKey{
			PublicKeyPem: public.Pem, SignatureAlgorithm: binauthzpb.PkixPublicKey_ECDSA_P256_SHA256,
		}
		keys = append(keys, &binauthzpb.AttestorPublicKey{
			Id: keyID(version), PublicKey: &binauthzpb.AttestorPublicKey_PkixPublicKey{PkixPublicKey: pkix},
		})
	}
	attestor, err := binauthzClient(t).CreateAttestor(t.Context(), &binauthzpb.CreateAttestorRequest{
		Parent:     "projects/" + project,
		AttestorId: "built-by-us",
		Attestor:   attestorOf(note, keys...),
	})
	must(t, err)
	return attestor
}

func requiring(attestors ...string) *binauthzpb.AdmissionRule {
	return &binauthzpb.AdmissionRule{
		EvaluationMode:        binauthzpb.AdmissionRule_REQUIRE_ATTESTATION,
		EnforcementMode:       binauthzpb.AdmissionRule_ENFORCED_BLOCK_AND_AUDIT_LOG,
		RequireAttestationsBy: attestors,
	}
}

func updatePolicy(t *testing.T, project string, rule *binauthzpb.AdmissionRule) *binauthzpb.Policy {
	t.Helper()
	policy := &binauthzpb.Policy{Name: "projects/" + project + "/policy", DefaultAdmissionRule: rule}
	updated, err := binauthzClient(t).UpdatePolicy(t.Context(), &binauthzpb.UpdatePolicyRequest{Policy: policy})
	must(t, err)
	return updated
}

type admission struct {
	UID     string
	Allowed bool
	Status  struct{ Message, Reason string }
}

// admissionOf is the response of the AdmissionReview that a cluster gets which is to create a Pod with this image.
func admissionOf(t *testing.T, project, image string) admission {
	t.Helper()
	pod := map[string]any{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]any{"name": "app", "namespace": "default"},
		"spec":       map[string]any{"containers": []any{map[string]any{"name": "app", "image": image}}},
	}
	uid := random(16)
	review, err := json.Marshal(map[string]any{
		"apiVersion": "admission.k8s.io/v1",
		"kind":       "AdmissionReview",
		"request": map[string]any{
			"uid":       uid,
			"kind":      map[string]any{"group": "", "version": "v1", "kind": "Pod"},
			"resource":  map[string]any{"group": "", "version": "v1", "resource": "pods"},
			"name":      "app",
			"namespace": "default",
			"operation": "CREATE",
			"object":    pod,
		},
	})
	must(t, err)
	url := fmt.Sprintf(
		"%s/admission/projects/%s/locations/%s/clusters/prod", os.Getenv("BINAUTHZ_EMULATOR_URL"), project, location)
	answer, err := http.Post(url, "application/json", bytes.NewReader(review))
	must(t, err)
	defer answer.Body.Close()
	var reviewed struct{ Response admission }
	must(t, json.NewDecoder(answer.Body).Decode(&reviewed))
	if answer.StatusCode != 200 || reviewed.Response.UID != uid {
		t.Fatalf("%s answered %s: %v", url, answer.Status, reviewed)
	}
	return reviewed.Response
}

func mustBeAllowed(t *testing.T, project, image string) {
	t.Helper()
	if response := admissionOf(t, project, image); !response.Allowed {
		t.Fatalf("%s is denied: %s", image, response.Status.Message)
	}
}

// mustBeDenied expects the image to be denied for want of an attestation of the attestor.
func mustBeDenied(t *testing.T, project, image, attestor string) {
	t.Helper()
	response := admissionOf(t, project, image)
	why := fmt.Sprintf("Image %s denied by attestor %s", image, attestor)
	if response.Allowed || response.Status.Reason != "VIOLATES_POLICY" || !strings.Contains(response.Status.Message, why) {
		t.Fatalf("%s is not denied by %s: %v", image, attestor, response)
	}
}
