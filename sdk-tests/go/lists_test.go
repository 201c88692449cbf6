package sdk

import (
	"fmt"
	"slices"
	"testing"

	binauthzpb "cloud.google.com/go/binaryauthorization/apiv1/binaryauthorizationpb"
	betapb "cloud.google.com/go/containeranalysis/apiv1beta1/grafeas/grafeaspb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/iterator"
	grafeaspb "google.golang.org/genproto/googleapis/grafeas/v1"
)

type named interface{ GetName() string }

type pages[Item named] interface {
	Next() (Item, error)
	PageInfo() *iterator.PageInfo
}

// mustBeOnPagesOfTwo goes through the pages, and expects these five names in order.
func mustBeOnPagesOfTwo[Item named](t *testing.T, it pages[Item], names []string) {
	t.Helper()
	pager := iterator.NewPager(it, 2, "")
	var listed []string
	for _, size := range []int{2, 2, 1} {
		var page []Item
		token, err := pager.NextPage(&page)
		must(t, err)
		if len(page) != size || (token == "") != (size == 1) {
			t.Fatalf("a page of %d and the token %q behind %v", len(page), token, listed)
		}
		for _, item := range page {
			listed = append(listed, item.GetName())
		}
	}
	if !slices.Equal(listed, names) {
		t.Fatalf("%v are not %v", listed, names)
	}
}

// numbered is a name of each of five resources.
func numbered(collection string) []string {
	var names []string
	for number := range 5 {
		names = append(names, fmt.Sprintf("%s/item-%d", collection, number))
	}
	return names
}

func itemID(number int) string { return fmt.Sprintf("item-%d", number) }

func TestKeyRingsAreListedOverSeveralPages(t *testing.T) {
	client, parent := kmsClient(t), "projects/"+newProject()+"/locations/"+location
	for number := range 5 {
		_, err := client.CreateKeyRing(t.Context(), &kmspb.CreateKeyRingRequest{Parent: parent, KeyRingId: itemID(number)})
		must(t, err)
	}
	it := client.ListKeyRings(t.Context(), &kmspb.ListKeyRingsRequest{Parent: parent})
	mustBeOnPagesOfTwo(t, it, numbered(parent+"/keyRings"))
	if total := it.Response.(*kmspb.ListKeyRingsResponse).TotalSize; total != 5 {
		t.Fatalf("%d in all", total)
	}
}

func TestVersionsAreListedOverSeveralPagesTenBehindNine(t *testing.T) {
	client, first := kmsClient(t), createP256Version(t, newProject())
	key := first[:len(first)-len("/cryptoKeyVersions/1")]
	expected := []string{first}
	for number := range 10 {
		_, err := client.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: key})
		must(t, err)
		expected = append(expected, fmt.Sprintf("%s/cryptoKeyVersions/%d", key, number+2))
	}
	var listed []string
	request := &kmspb.ListCryptoKeyVersionsRequest{Parent: key, PageSize: 3}
	for version, err := range client.ListCryptoKeyVersions(t.Context(), request).All() {
		must(t, err)
		listed = append(listed, version.Name)
	}
	if !slices.Equal(listed, expected) {
		t.Fatal(listed)
	}
}

func TestAttestorsAreListedOverSeveralPages(t *testing.T) {
	client, parent := binauthzClient(t), "projects/"+newProject()
	for number := range 5 {
		request := &binauthzpb.CreateAttestorRequest{
			Parent: parent, AttestorId: itemID(number), Attestor: attestorOf(parent + "/notes/note"),
		}
		_, err := client.CreateAttestor(t.Context(), request)
		must(t, err)
	}
	it := client.ListAttestors(t.Context(), &binauthzpb.ListAttestorsRequest{Parent: parent})
	mustBeOnPagesOfTwo(t, it, numbered(parent+"/attestors"))
}

func TestNotesAreListedOverSeveralPages(t *testing.T) {
	project := newProject()
	for number := range 5 {
		createNote(t, project, itemID(number))
	}
	parent := "projects/" + project
	beta := grafeasBeta(t).ListNotes(t.Context(), &betapb.ListNotesRequest{Parent: parent})
	mustBeOnPagesOfTwo(t, beta, numbered(parent+"/notes"))
	v1 := grafeasClient(t).ListNotes(t.Context(), &grafeaspb.ListNotesRequest{Parent: parent})
	mustBeOnPagesOfTwo(t, v1, numbered(parent+"/notes"))
}

func TestTheAttestationsOfANoteAndOfAProjectAreListedOverSeveralPages(t *testing.T) {
	project := newProject()
	note, attestation := createNote(t, project, "built"), &grafeaspb.AttestationOccurrence{SerializedPayload: []byte{0, 255}}
	var names []string
	for range 5 {
		names = append(names, attest(t, project, note, newImage(), attestation))
	}
	client := grafeasBeta(t)
	ofNote := client.ListNoteOccurrences(t.Context(), &betapb.ListNoteOccurrencesRequest{Name: note})
	mustBeOnPagesOfTwo(t, ofNote, names)
	request := &betapb.ListOccurrencesRequest{Parent: "projects/" + project, Filter: `kind="ATTESTATION"`}
	mustBeOnPagesOfTwo(t, client.ListOccurrences(t.Context(), request), names)
}
