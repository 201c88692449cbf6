// Package sdk has Google's clients for Go call the emulator, as their users make them. With an endpoint in the environment: without
// credentials, and pointed at it in code. Without one: with no option at all, so that the environment alone says where they go.
//
// https://cloud.google.com/go/docs/reference
package sdk

import (
	"context"
	"os"
	"strings"
	"testing"

	artifactregistry "cloud.google.com/go/artifactregistry/apiv1"
	binaryauthorization "cloud.google.com/go/binaryauthorization/apiv1"
	binauthzbeta "cloud.google.com/go/binaryauthorization/apiv1beta1"
	containeranalysis "cloud.google.com/go/containeranalysis/apiv1"
	analysisbeta "cloud.google.com/go/containeranalysis/apiv1beta1"
	grafeas "cloud.google.com/go/grafeas/apiv1"
	kms "cloud.google.com/go/kms/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var isREST = os.Getenv("SDK_TRANSPORT") == "rest"

// must ends the test where there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// optionsOverREST point a client at the endpoint. {api} in it stands for the name of the API.
func optionsOverREST(api string) []option.ClientOption {
	endpoint, found := os.LookupEnv("SDK_ENDPOINT")
	if !found {
		return nil
	}
	return []option.ClientOption{option.WithEndpoint(strings.ReplaceAll(endpoint, "{api}", api)), option.WithoutAuthentication()}
}

// optionsOverGRPC point a client at the endpoint, which has no path there.
func optionsOverGRPC() []option.ClientOption {
	endpoint, found := os.LookupEnv("SDK_ENDPOINT")
	if !found {
		return nil
	}
	scheme, address, _ := strings.Cut(endpoint, "://")
	authority, _, _ := strings.Cut(address, "/")
	pointed := []option.ClientOption{option.WithEndpoint(authority), option.WithoutAuthentication()}
	if scheme == "http" {
		return append(pointed, option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	}
	return pointed
}

// connected is a client for the transport, closed when the test ends.
func connected[Client interface{ Close() error }](
	t *testing.T, api string, overGRPC, overREST func(context.Context, ...option.ClientOption) (Client, error),
) Client {
	t.Helper()
	connect, options := overGRPC, optionsOverGRPC()
	if isREST {
		connect, options = overREST, optionsOverREST(api)
	}
	client, err := connect(t.Context(), options...)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func kmsClient(t *testing.T) *kms.KeyManagementClient {
	return connected(t, "cloudkms", kms.NewKeyManagementClient, kms.NewKeyManagementRESTClient)
}

// grafeasClient is v1, which has no REST in Go: it is gRPC always.
func grafeasClient(t *testing.T) *grafeas.Client {
	client, err := containeranalysis.NewClient(t.Context(), optionsOverGRPC()...)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client.GetGrafeasClient()
}

func grafeasBeta(t *testing.T) *analysisbeta.GrafeasV1Beta1Client {
	return connected(t, "containeranalysis", analysisbeta.NewGrafeasV1Beta1Client, analysisbeta.NewGrafeasV1Beta1RESTClient)
}

func analysisBeta(t *testing.T) *analysisbeta.ContainerAnalysisV1Beta1Client {
	return connected(
		t, "containeranalysis", analysisbeta.NewContainerAnalysisV1Beta1Client, analysisbeta.NewContainerAnalysisV1Beta1RESTClient,
	)
}

func binauthzClient(t *testing.T) *binaryauthorization.BinauthzManagementClient {
	return connected(
		t, "binaryauthorization",
		binaryauthorization.NewBinauthzManagementClient, binaryauthorization.NewBinauthzManagementRESTClient,
	)
}

func binauthzBeta(t *testing.T) *binauthzbeta.BinauthzManagementServiceV1Beta1Client {
	return connected(
		t, "binaryauthorization",
		binauthzbeta.NewBinauthzManagementServiceV1Beta1Client, binauthzbeta.NewBinauthzManagementServiceV1Beta1RESTClient,
	)
}

func artifactRegistry(t *testing.T) *artifactregistry.Client {
	return connected(t, "artifactregistry", artifactregistry.NewClient, artifactregistry.NewRESTClient)
}
