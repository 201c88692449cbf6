package sdk

import (
	"bytes"
	"fmt"
	"testing"

	betapb "cloud.google.com/go/containeranalysis/apiv1beta1/grafeas/grafeaspb"
	"google.golang.org/api/iterator"
	attestationpb "google.golang.org/genproto/googleapis/devtools/containeranalysis/v1beta1/attestation"
	commonpb "google.golang.org/genproto/googleapis/devtools/containeranalysis/v1beta1/common"
	vulnerabilitypb "google.golang.org/genproto/googleapis/devtools/containeranalysis/v1beta1/vulnerability"
	grafeaspb "google.golang.org/genproto/googleapis/grafeas/v1"
	"google.golang.org/grpc/codes"
)

// What the signer of kritis asks, with its notes, filters and payload (https://github.com/grafeas/kritis/blob/master/docs/signer.md).
func TestAnImageThatIsSignedAsByTheSignerOfKritisIsAllowed(t *testing.T) {
	client := grafeasBeta(t)
	project, image := newProject(), newImage()
	version := createP256Version(t, project)
	parent, name := "projects/"+project, "projects/"+project+"/notes/kritis"

	_, err := client.GetNote(t.Context(), &betapb.GetNoteRequest{Name: name})
	mustBe(t, err, codes.NotFound)
	hint := &attestationpb.Authority_Hint{HumanReadableName: "signing-aa"}
	note, err := client.CreateNote(t.Context(), &betapb.CreateNoteRequest{Parent: parent, NoteId: "kritis", Note: &betapb.Note{
		Name:             name,
		ShortDescription: "Image Policy Security Attestor",
		LongDescription:  "Image Policy Security Attestor deployed in  namespace",
		Type:             &betapb.Note_AttestationAuthority{AttestationAuthority: &attestationpb.Authority{Hint: hint}},
	}})
	must(t, err)
	if note.Name != name || note.Kind != commonpb.NoteKind_ATTESTATION {
		t.Fatal(note)
	}

	attestor := createAttestor(t, project, name, version)
	updatePolicy(t, project, requiring(attestor.Name))
	filter := fmt.Sprintf(`resourceUrl="https://%s"`, image)
	existing := &betapb.ListNoteOccurrencesRequest{Name: name, Filter: filter, PageSize: 100}
	if found, err := client.ListNoteOccurrences(t.Context(), existing).Next(); err != iterator.Done {
		t.Fatal(found, err)
	}
	mustBeDenied(t, project, image, attestor.Name)

	payload := signaturePayload(image, "atomic container signature")
	signature := &grafeaspb.Signature{PublicKeyId: keyID(version), Signature: signSHA256(t, version, payload)}
	details := genericAttestation(&grafeaspb.AttestationOccurrence{
		SerializedPayload: payload, Signatures: []*grafeaspb.Signature{signature},
	})
	created, err := client.CreateOccurrence(t.Context(), &betapb.CreateOccurrenceRequest{Parent: parent, Occurrence: &betapb.Occurrence{
		Resource: &betapb.Resource{Uri: "https://" + image}, NoteName: name, Details: details,
	}})
	must(t, err)

	found, err := client.ListNoteOccurrences(t.Context(), existing).Next()
	must(t, err)
	generic := found.GetAttestation().Attestation.GetGenericSignedAttestation()
	if found.Name != created.Name || found.Resource.Uri != "https://"+image || !bytes.Equal(generic.SerializedPayload, payload) ||
		generic.ContentType != attestationpb.GenericSignedAttestation_SIMPLE_SIGNING_JSON {
		t.Fatal(found)
	}
	read, err := grafeasClient(t).GetOccurrence(t.Context(), &grafeaspb.GetOccurrenceRequest{Name: created.Name})
	must(t, err)
	if read.ResourceUri != "https://"+image || !bytes.Equal(read.GetAttestation().SerializedPayload, payload) {
		t.Fatalf("v1 reads %v", read)
	}
	mustBeAllowed(t, project, image)
}

func TestVulnerabilitiesAreFoundByTheOldNameOfTheirKind(t *testing.T) {
	client := grafeasBeta(t)
	project, image := newProject(), newImage()
	parent, uri := "projects/"+project, "https://"+newImage()
	note, err := client.CreateNote(t.Context(), &betapb.CreateNoteRequest{Parent: parent, NoteId: "CVE-2026-1", Note: &betapb.Note{
		Type: &betapb.Note_Vulnerability{Vulnerability: &vulnerabilitypb.Vulnerability{Severity: vulnerabilitypb.Severity_HIGH}},
	}})
	must(t, err)
	for _, resource := range []string{uri, "https://" + image} {
		affected := &vulnerabilitypb.VulnerabilityLocation{CpeUri: "cpe:/o:debian:debian_linux:13", Package: "openssl"}
		details := &vulnerabilitypb.Details{
			EffectiveSeverity: vulnerabilitypb.Severity_CRITICAL,
			PackageIssue:      []*vulnerabilitypb.PackageIssue{{AffectedLocation: affected}},
		}
		_, err := client.CreateOccurrence(t.Context(), &betapb.CreateOccurrenceRequest{Parent: parent, Occurrence: &betapb.Occurrence{
			Resource: &betapb.Resource{Uri: resource},
			NoteName: note.Name,
			Details:  &betapb.Occurrence_Vulnerability{Vulnerability: details},
		}})
		must(t, err)
	}
	it := client.ListOccurrences(t.Context(), &betapb.ListOccurrencesRequest{
		Parent: parent, Filter: fmt.Sprintf(`resourceUrl=%q AND kind="PACKAGE_VULNERABILITY"`, uri), PageSize: 100,
	})
	found, err := it.Next()
	must(t, err)
	if found.Resource.Uri != uri || found.GetVulnerability().EffectiveSeverity != vulnerabilitypb.Severity_CRITICAL {
		t.Fatal(found)
	}
	if other, err := it.Next(); err != iterator.Done {
		t.Fatal(other, err)
	}
}
