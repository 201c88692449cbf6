package sdk

import (
	"maps"
	"testing"

	"cloud.google.com/go/artifactregistry/apiv1/artifactregistrypb"
	"google.golang.org/grpc/codes"
)

func TestCreatingAndDeletingARepositoryAreOperationsThatAreWaitedFor(t *testing.T) {
	client, parent := artifactRegistry(t), "projects/"+newProject()+"/locations/"+location
	creation, err := client.CreateRepository(t.Context(), &artifactregistrypb.CreateRepositoryRequest{
		Parent:       parent,
		RepositoryId: "images",
		Repository: &artifactregistrypb.Repository{
			Format: artifactregistrypb.Repository_DOCKER, Labels: map[string]string{"team": "shop"},
		},
	})
	must(t, err)
	created, err := creation.Wait(t.Context())
	must(t, err)
	read, err := client.GetRepository(t.Context(), &artifactregistrypb.GetRepositoryRequest{Name: created.Name})
	must(t, err)
	if created.Name != parent+"/repositories/images" || !creation.Done() ||
		read.Format != artifactregistrypb.Repository_DOCKER || !maps.Equal(read.Labels, map[string]string{"team": "shop"}) {
		t.Fatalf("%v, %v", created, read)
	}
	resumed, err := client.CreateRepositoryOperation(creation.Name()).Poll(t.Context())
	must(t, err)
	if resumed.GetName() != created.Name {
		t.Fatal(resumed)
	}

	deletion, err := client.DeleteRepository(t.Context(), &artifactregistrypb.DeleteRepositoryRequest{Name: created.Name})
	must(t, err)
	must(t, deletion.Wait(t.Context()))
	_, err = client.GetRepository(t.Context(), &artifactregistrypb.GetRepositoryRequest{Name: created.Name})
	mustBe(t, err, codes.NotFound)
}
