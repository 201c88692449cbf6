package sdk

import (
	"context"
	"slices"
	"testing"

	"cloud.google.com/go/iam/apiv1/iampb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

type iamClient interface {
	GetIamPolicy(context.Context, *iampb.GetIamPolicyRequest, ...gax.CallOption) (*iampb.Policy, error)
	SetIamPolicy(context.Context, *iampb.SetIamPolicyRequest, ...gax.CallOption) (*iampb.Policy, error)
	TestIamPermissions(context.Context, *iampb.TestIamPermissionsRequest, ...gax.CallOption) (*iampb.TestIamPermissionsResponse, error)
}

// mustHaveIamPolicy reads, modifies and writes, as the documentation of IAM asks for; then once more on what was read first, too late.
func mustHaveIamPolicy(t *testing.T, client iamClient, resource, role, permission string) {
	t.Helper()
	get := &iampb.GetIamPolicyRequest{Resource: resource, Options: &iampb.GetPolicyOptions{RequestedPolicyVersion: 3}}
	policy, err := client.GetIamPolicy(t.Context(), get)
	must(t, err)
	if len(policy.Bindings) > 0 || len(policy.Etag) == 0 {
		t.Fatal(policy)
	}
	policy.Bindings = []*iampb.Binding{{Role: role, Members: []string{"user:a@example.com", "allUsers"}}}
	written, err := client.SetIamPolicy(t.Context(), &iampb.SetIamPolicyRequest{Resource: resource, Policy: policy})
	must(t, err)
	read, err := client.GetIamPolicy(t.Context(), get)
	must(t, err)
	if len(read.Bindings) != 1 || !proto.Equal(read.Bindings[0], policy.Bindings[0]) || !proto.Equal(read, written) {
		t.Fatalf("%v is not what was written, %v", read, policy)
	}
	_, err = client.SetIamPolicy(t.Context(), &iampb.SetIamPolicyRequest{Resource: resource, Policy: policy})
	mustBe(t, err, codes.Aborted)
	request := &iampb.TestIamPermissionsRequest{Resource: resource, Permissions: []string{permission}}
	tested, err := client.TestIamPermissions(t.Context(), request)
	must(t, err)
	if !slices.Equal(tested.Permissions, []string{permission}) {
		t.Fatal(tested)
	}
}

func TestTheIAMPolicyOfAKeyRingIsReadChangedAndTested(t *testing.T) {
	mustHaveIamPolicy(t, kmsClient(t), createKeyRing(t, newProject()), "roles/cloudkms.signer", "cloudkms.keyRings.get")
}

func TestTheIAMPolicyOfAnAttestorIsReadChangedAndTested(t *testing.T) {
	project := newProject()
	attestor := createAttestor(t, project, createNote(t, project, "note"))
	role, permission := "roles/binaryauthorization.attestorsVerifier", "binaryauthorization.attestors.verifyImageAttested"
	mustHaveIamPolicy(t, binauthzClient(t), attestor.Name, role, permission)
}

func TestTheIAMPolicyOfANoteIsReadChangedAndTested(t *testing.T) {
	note := createNote(t, newProject(), "note")
	role, permission := "roles/containeranalysis.notes.occurrences.viewer", "containeranalysis.notes.get"
	mustHaveIamPolicy(t, analysisBeta(t), note, role, permission)
}
