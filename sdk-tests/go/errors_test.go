package sdk

import (
	"errors"
	"strings"
	"testing"

	artifactregistrypb "cloud.google.com/go/artifactregistry/apiv1/artifactregistrypb"
	binauthzpb "cloud.google.com/go/binaryauthorization/apiv1/binaryauthorizationpb"
	betapb "cloud.google.com/go/containeranalysis/apiv1beta1/grafeas/grafeaspb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// What a code is over REST. UNIMPLEMENTED is 501 at Google: the emulator's README says why it is not here.
var httpCodes = map[codes.Code]int{
	codes.NotFound:           404,
	codes.AlreadyExists:      409,
	codes.InvalidArgument:    400,
	codes.FailedPrecondition: 400,
	codes.Aborted:            409,
	codes.Unimplemented:      400,
}

// mustBe expects an error of the API with this code, as the SDK has it.
func mustBe(t *testing.T, err error, code codes.Code) *apierror.APIError {
	t.Helper()
	var failure *apierror.APIError
	if !errors.As(err, &failure) {
		t.Fatalf("%v is no APIError", err)
	}
	if isREST && failure.HTTPCode() != httpCodes[code] || !isREST && status.Code(err) != code {
		t.Fatalf("not %v: %v", code, err)
	}
	return failure
}

func TestWhatDoesNotExistIsNotFoundWithItsNameInTheMessage(t *testing.T) {
	project := "projects/" + newProject()
	place := project + "/locations/" + location
	_, noRing := kmsClient(t).GetKeyRing(t.Context(), &kmspb.GetKeyRingRequest{Name: place + "/keyRings/none"})
	_, noNote := grafeasBeta(t).GetNote(t.Context(), &betapb.GetNoteRequest{Name: project + "/notes/none"})
	_, noAttestor := binauthzClient(t).GetAttestor(t.Context(), &binauthzpb.GetAttestorRequest{Name: project + "/attestors/none"})
	_, noRepository := artifactRegistry(t).GetRepository(
		t.Context(), &artifactregistrypb.GetRepositoryRequest{Name: place + "/repositories/none"})
	for _, expected := range []struct {
		err  error
		text string
	}{
		{noRing, place + "/keyRings/none"},
		{noNote, "Requested entity was not found"},
		{noAttestor, project + "/attestors/none"},
		{noRepository, "Requested entity was not found."},
	} {
		if failure := mustBe(t, expected.err, codes.NotFound); !strings.Contains(failure.Error(), expected.text) {
			t.Errorf("%q is not in: %v", expected.text, failure)
		}
	}
}

func TestWhatExistsAlreadyIsAlreadyExists(t *testing.T) {
	project := newProject()
	ring := createKeyRing(t, project)
	parent, _, _ := strings.Cut(ring, "/keyRings/")
	_, err := kmsClient(t).CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: "ring"})
	mustBe(t, err, codes.AlreadyExists)

	note := createNote(t, project, "note")
	createAttestor(t, project, note)
	_, err = binauthzClient(t).CreateAttestor(t.Context(), &binauthzpb.CreateAttestorRequest{
		Parent: "projects/" + project, AttestorId: "built-by-us", Attestor: attestorOf(note),
	})
	mustBe(t, err, codes.AlreadyExists)
}

func TestWhatIsMalformedIsInvalidArgument(t *testing.T) {
	client, project := kmsClient(t), newProject()
	parent := "projects/" + project + "/locations/" + location
	_, err := client.CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: "a b"})
	mustBe(t, err, codes.InvalidArgument)
	_, err = client.CreateCryptoKey(t.Context(), &kmspb.CreateCryptoKeyRequest{
		Parent: createKeyRing(t, project), CryptoKeyId: "key", CryptoKey: &kmspb.CryptoKey{},
	})
	mustBe(t, err, codes.InvalidArgument)
}

func TestAPolicyWithTwoMistakesHasBothAsFieldViolations(t *testing.T) {
	project := newProject()
	policy := &binauthzpb.Policy{
		Name:                  "projects/" + project + "/policy",
		DefaultAdmissionRule:  requiring("projects/" + project + "/attestors/none"),
		ClusterAdmissionRules: map[string]*binauthzpb.AdmissionRule{"nowhere": requiring()},
	}
	_, err := binauthzClient(t).UpdatePolicy(t.Context(), &binauthzpb.UpdatePolicyRequest{Policy: policy})
	failure := mustBe(t, err, codes.InvalidArgument)
	fields := map[string]bool{}
	for _, violation := range failure.Details().BadRequest.GetFieldViolations() {
		fields[violation.Field] = true
		if violation.Description == "" || !strings.Contains(failure.Error(), violation.Description) {
			t.Errorf("%v is not in the message: %v", violation, failure)
		}
	}
	if len(fields) < 2 {
		t.Fatalf("%v in %v", fields, failure)
	}
}

func TestADisabledVersionDoesNotSignAndThePreconditionFailureNamesIt(t *testing.T) {
	client, version := kmsClient(t), createP256Version(t, newProject())
	_, err := client.UpdateCryptoKeyVersion(t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: version, State: kmspb.CryptoKeyVersion_DISABLED},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	must(t, err)
	digest, _ := sha256Of([]byte("payload"))
	_, err = client.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{Name: version, Digest: digest})
	violations := mustBe(t, err, codes.FailedPrecondition).Details().PreconditionFailure.GetViolations()
	if len(violations) != 1 || violations[0].Type != "KEY_DISABLED" || violations[0].Subject != version {
		t.Fatal(violations)
	}
}

func TestAnAttestorThatSomebodyElseHasChangedIsNotOverwritten(t *testing.T) {
	client, project := binauthzClient(t), newProject()
	read := createAttestor(t, project, "projects/"+project+"/notes/note")
	read.Description = "first"
	_, err := client.UpdateAttestor(t.Context(), &binauthzpb.UpdateAttestorRequest{Attestor: read})
	must(t, err)
	read.Description = "second"
	_, err = client.UpdateAttestor(t.Context(), &binauthzpb.UpdateAttestorRequest{Attestor: read})
	mustBe(t, err, codes.Aborted)
}

func TestWhatTheEmulatorHasNotIsRefusedByName(t *testing.T) {
	name := createKeyRing(t, newProject()) + "/cryptoKeys/key"
	_, err := kmsClient(t).DeleteCryptoKey(t.Context(), &kmspb.DeleteCryptoKeyRequest{Name: name})
	if failure := mustBe(t, err, codes.Unimplemented); !strings.Contains(failure.Error(), "DeleteCryptoKey") {
		t.Fatal(failure)
	}
}
