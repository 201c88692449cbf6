package sdk

import (
	"slices"
	"testing"

	betapb "cloud.google.com/go/containeranalysis/apiv1beta1/grafeas/grafeaspb"
	grafeaspb "google.golang.org/genproto/googleapis/grafeas/v1"
)

func TestAnImageWithAnAttestationIsAllowedAndOneWithNoneOrWithThatOfAnotherImageIsDenied(t *testing.T) {
	project := newProject()
	version, note := createP256Version(t, project), createNote(t, project, "built")
	attestor := createAttestor(t, project, note, version)
	policy := updatePolicy(t, project, requiring(attestor.Name))
	if !slices.Equal(policy.DefaultAdmissionRule.RequireAttestationsBy, []string{attestor.Name}) {
		t.Fatal(policy)
	}
	attested, unattested, forged := newImage(), newImage(), newImage()
	attestation := attestationOf(t, version, attested)
	attest(t, project, note, attested, attestation)
	attest(t, project, note, forged, attestation)

	mustBeAllowed(t, project, attested)
	mustBeDenied(t, project, unattested, attestor.Name)
	mustBeDenied(t, project, forged, attestor.Name)
}

func TestAnImageWhoseAttestationIsDeletedIsDeniedFromThenOn(t *testing.T) {
	project := newProject()
	version, note := createP256Version(t, project), createNote(t, project, "built")
	attestor := createAttestor(t, project, note, version)
	updatePolicy(t, project, requiring(attestor.Name))
	image := newImage()
	name := attest(t, project, note, image, attestationOf(t, version, image))
	mustBeAllowed(t, project, image)
	if isREST {
		must(t, grafeasBeta(t).DeleteOccurrence(t.Context(), &betapb.DeleteOccurrenceRequest{Name: name}))
	} else {
		must(t, grafeasClient(t).DeleteOccurrence(t.Context(), &grafeaspb.DeleteOccurrenceRequest{Name: name}))
	}
	mustBeDenied(t, project, image, attestor.Name)
}
