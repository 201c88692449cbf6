package sdk

import (
	"slices"
	"testing"

	binaryauthorization "cloud.google.com/go/binaryauthorization/apiv1"
	binauthzpb "cloud.google.com/go/binaryauthorization/apiv1/binaryauthorizationpb"
	binauthzbeta "cloud.google.com/go/binaryauthorization/apiv1beta1"
	binauthzbetapb "cloud.google.com/go/binaryauthorization/apiv1beta1/binaryauthorizationpb"
)

func TestValidateAttestationOccurrenceVerifiesAnAttestationOfTheImageAndNoneOfAnother(t *testing.T) {
	client := connected(
		t, "binaryauthorization",
		binaryauthorization.NewValidationHelperClient, binaryauthorization.NewValidationHelperRESTClient,
	)
	project := newProject()
	version, note := createP256Version(t, project), createNote(t, project, "built")
	attestor, image := createAttestor(t, project, note, version), newImage()
	attestation := attestationOf(t, version, image)
	validated := func(image string) *binauthzpb.ValidateAttestationOccurrenceResponse {
		answer, err := client.ValidateAttestationOccurrence(t.Context(), &binauthzpb.ValidateAttestationOccurrenceRequest{
			Attestor: attestor.Name, Attestation: attestation, OccurrenceNote: note, OccurrenceResourceUri: "https://" + image,
		})
		must(t, err)
		return answer
	}
	if answer := validated(image); answer.Result != binauthzpb.ValidateAttestationOccurrenceResponse_VERIFIED {
		t.Fatal(answer)
	}
	other := validated(newImage())
	if other.Result != binauthzpb.ValidateAttestationOccurrenceResponse_ATTESTATION_NOT_VERIFIABLE || other.DenialReason == "" {
		t.Fatal(other)
	}
}

func TestAKeyIsRemovedFromAnAttestorByWritingTheWholeAttestor(t *testing.T) {
	project := newProject()
	versions := []string{createP256Version(t, newProject()), createP256Version(t, newProject())}
	attestor := createAttestor(t, project, createNote(t, project, "note"), versions...)
	owned := attestor.GetUserOwnedGrafeasNote()
	owned.PublicKeys = owned.PublicKeys[1:]
	client := binauthzClient(t)
	_, err := client.UpdateAttestor(t.Context(), &binauthzpb.UpdateAttestorRequest{Attestor: attestor})
	must(t, err)
	read, err := client.GetAttestor(t.Context(), &binauthzpb.GetAttestorRequest{Name: attestor.Name})
	must(t, err)
	keys := read.GetUserOwnedGrafeasNote().PublicKeys
	if len(keys) != 1 || keys[0].Id != keyID(versions[1]) || keys[0].GetPkixPublicKey().PublicKeyPem == "" {
		t.Fatal(read)
	}
}

func TestWhatV1Beta1WritesV1ReadsAndAdmissionObeys(t *testing.T) {
	beta, client := binauthzBeta(t), binauthzClient(t)
	project := newProject()
	note, name := createNote(t, project, "note"), "projects/"+project+"/policy"
	attestor, err := beta.CreateAttestor(t.Context(), &binauthzbetapb.CreateAttestorRequest{
		Parent:     "projects/" + project,
		AttestorId: "beta",
		Attestor: &binauthzbetapb.Attestor{AttestorType: &binauthzbetapb.Attestor_UserOwnedDrydockNote{
			UserOwnedDrydockNote: &binauthzbetapb.UserOwnedDrydockNote{NoteReference: note},
		}},
	})
	must(t, err)
	read, err := client.GetAttestor(t.Context(), &binauthzpb.GetAttestorRequest{Name: attestor.Name})
	must(t, err)
	if read.GetUserOwnedGrafeasNote().NoteReference != note {
		t.Fatal(read)
	}
	image := newImage()
	mustBeAllowed(t, project, image)
	_, err = beta.UpdatePolicy(t.Context(), &binauthzbetapb.UpdatePolicyRequest{Policy: &binauthzbetapb.Policy{
		Name: name,
		DefaultAdmissionRule: &binauthzbetapb.AdmissionRule{
			EvaluationMode:        binauthzbetapb.AdmissionRule_REQUIRE_ATTESTATION,
			EnforcementMode:       binauthzbetapb.AdmissionRule_ENFORCED_BLOCK_AND_AUDIT_LOG,
			RequireAttestationsBy: []string{attestor.Name},
		},
	}})
	must(t, err)
	policy, err := client.GetPolicy(t.Context(), &binauthzpb.GetPolicyRequest{Name: name})
	must(t, err)
	if !slices.Equal(policy.DefaultAdmissionRule.RequireAttestationsBy, []string{attestor.Name}) {
		t.Fatal(policy)
	}
	mustBeDenied(t, project, image, attestor.Name)
}

func TestTheSystemPolicyIsTheSameInBothVersions(t *testing.T) {
	v1 := connected(t, "binaryauthorization", binaryauthorization.NewSystemPolicyClient, binaryauthorization.NewSystemPolicyRESTClient)
	beta := connected(
		t, "binaryauthorization", binauthzbeta.NewSystemPolicyV1Beta1Client, binauthzbeta.NewSystemPolicyV1Beta1RESTClient)
	name := "locations/" + location + "/policy"
	policy, err := v1.GetSystemPolicy(t.Context(), &binauthzpb.GetSystemPolicyRequest{Name: name})
	must(t, err)
	older, err := beta.GetSystemPolicy(t.Context(), &binauthzbetapb.GetSystemPolicyRequest{Name: name})
	must(t, err)
	var patterns, olderPatterns []string
	for _, pattern := range policy.AdmissionWhitelistPatterns {
		patterns = append(patterns, pattern.NamePattern)
	}
	for _, pattern := range older.AdmissionWhitelistPatterns {
		olderPatterns = append(olderPatterns, pattern.NamePattern)
	}
	if !slices.Contains(patterns, "k8s.gcr.io/**") || !slices.Equal(patterns, olderPatterns) {
		t.Fatalf("%v, %v", patterns, olderPatterns)
	}
}
