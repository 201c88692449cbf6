package sdk

import (
	"encoding/json"
	"os"
	"testing"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
)

func TestApplicationDefaultCredentialsResolveAndTheirTokenSaysWhoseItIs(t *testing.T) {
	scopes := []string{"https://www.googleapis.com/auth/cloud-platform"}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: scopes})
	must(t, err)
	project, err := found.ProjectID(t.Context())
	must(t, err)
	if project != os.Getenv("GOOGLE_CLOUD_PROJECT") {
		t.Fatalf("the project is %q", project)
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: found})
	must(t, err)
	answer, err := client.Get("https://openidconnect.googleapis.com/v1/userinfo")
	must(t, err)
	defer answer.Body.Close()
	var user struct{ Email string }
	must(t, json.NewDecoder(answer.Body).Decode(&user))
	if user.Email != "emulator@"+project+".iam.gserviceaccount.com" {
		t.Fatalf("%s: %v", answer.Status, user)
	}
}
