package sdk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/iterator"
	locationpb "google.golang.org/genproto/googleapis/cloud/location"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func publicKey(t *testing.T, version string) any {
	t.Helper()
	public, err := kmsClient(t).GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: version})
	must(t, err)
	if public.Name != version || public.PemCrc32C.Value != crc32c([]byte(public.Pem)).Value {
		t.Fatalf("%v is not the key of %s, or has changed on its way", public, version)
	}
	block, _ := pem.Decode([]byte(public.Pem))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	must(t, err)
	return key
}

func sha384Of(payload []byte) (*kmspb.Digest, []byte) {
	sum := sha512.Sum384(payload)
	return &kmspb.Digest{Digest: &kmspb.Digest_Sha384{Sha384: sum[:]}}, sum[:]
}

func sha256Of(payload []byte) (*kmspb.Digest, []byte) {
	sum := sha256.Sum256(payload)
	return &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: sum[:]}}, sum[:]
}

func verifyECDSA(key any, sum, signature []byte) error {
	if !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), sum, signature) {
		return errors.New("ecdsa: verification error")
	}
	return nil
}

func TestCryptoVerifiesWhatKMSHasSignedWithEachKindOfAlgorithm(t *testing.T) {
	payload := []byte("payload")
	for algorithm, how := range map[kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm]struct {
		digestOf func([]byte) (*kmspb.Digest, []byte)
		verify   func(key any, sum, signature []byte) error
	}{
		kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256: {sha256Of, verifyECDSA},
		kmspb.CryptoKeyVersion_EC_SIGN_P384_SHA384: {sha384Of, verifyECDSA},
		kmspb.CryptoKeyVersion_RSA_SIGN_PSS_2048_SHA256: {sha256Of, func(key any, sum, signature []byte) error {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return rsa.VerifyPSS(key.(*rsa.PublicKey), crypto.SHA256, sum, signature, options)
		}},
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256: {sha256Of, func(key any, sum, signature []byte) error {
			return rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, sum, signature)
		}},
	} {
		version := createVersion(t, newProject(), algorithm)
		digest, sum := how.digestOf(payload)
		signature := sign(t, version, digest, sum)
		if err := how.verify(publicKey(t, version), sum, signature); err != nil {
			t.Errorf("%v: %v", algorithm, err)
		}
		sum[0] ^= 1
		if how.verify(publicKey(t, version), sum, signature) == nil {
			t.Errorf("%v: the signature is one over anything", algorithm)
		}
	}
}

func TestAWrongChecksumOfDataOrDigestIsRefused(t *testing.T) {
	version := createP256Version(t, newProject())
	client, payload := kmsClient(t), []byte("payload")
	request := &kmspb.AsymmetricSignRequest{Name: version, Data: payload, DataCrc32C: crc32c(payload)}
	answer, err := client.AsymmetricSign(t.Context(), request)
	must(t, err)
	if !answer.VerifiedDataCrc32C || answer.VerifiedDigestCrc32C {
		t.Fatal(answer)
	}
	_, sum := sha256Of(payload)
	must(t, verifyECDSA(publicKey(t, version), sum, answer.Signature))

	digest, _ := sha256Of(payload)
	for field, request := range map[string]*kmspb.AsymmetricSignRequest{
		"data":   {Name: version, Data: payload, DataCrc32C: crc32c([]byte("other"))},
		"digest": {Name: version, Digest: digest, DigestCrc32C: crc32c([]byte("other"))},
	} {
		_, err := client.AsymmetricSign(t.Context(), request)
		message := mustBe(t, err, codes.InvalidArgument).Error()
		if !strings.Contains(message, "The checksum in field "+field+"_crc32c did not match the data in field "+field) {
			t.Error(message)
		}
	}
}

func TestAFieldMaskChangesWhatItNamesAlone(t *testing.T) {
	client := kmsClient(t)
	key, err := client.CreateCryptoKey(t.Context(), &kmspb.CreateCryptoKeyRequest{
		Parent:      createKeyRing(t, newProject()),
		CryptoKeyId: "key",
		CryptoKey: &kmspb.CryptoKey{
			Purpose:                  kmspb.CryptoKey_ENCRYPT_DECRYPT,
			Labels:                   map[string]string{"team": "shop", "empty": ""},
			DestroyScheduledDuration: durationpb.New(48 * time.Hour),
		},
	})
	must(t, err)
	if !maps.Equal(key.Labels, map[string]string{"team": "shop", "empty": ""}) || key.DestroyScheduledDuration.Seconds != 172800 {
		t.Fatal(key)
	}
	key.Labels, key.Purpose = map[string]string{"team": "till"}, kmspb.CryptoKey_MAC
	mask := &fieldmaskpb.FieldMask{Paths: []string{"labels"}}
	updated, err := client.UpdateCryptoKey(t.Context(), &kmspb.UpdateCryptoKeyRequest{CryptoKey: key, UpdateMask: mask})
	must(t, err)
	if !maps.Equal(updated.Labels, map[string]string{"team": "till"}) || updated.Purpose != kmspb.CryptoKey_ENCRYPT_DECRYPT {
		t.Fatal(updated)
	}
	read, err := client.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key.Name})
	must(t, err)
	if !proto.Equal(read, updated) {
		t.Fatalf("%v is not %v", read, updated)
	}
}

func TestThePlacesOfTheAPIAreListed(t *testing.T) {
	client, project := kmsClient(t), "projects/"+newProject()
	name := project + "/locations/" + location
	found, err := client.GetLocation(t.Context(), &locationpb.GetLocationRequest{Name: name})
	must(t, err)
	if found.LocationId != location {
		t.Fatal(found)
	}
	for it := client.ListLocations(t.Context(), &locationpb.ListLocationsRequest{Name: project, PageSize: 10}); ; {
		listed, err := it.Next()
		if err == iterator.Done {
			t.Fatalf("%s is not among the locations", name)
		}
		must(t, err)
		if listed.Name == name {
			return
		}
	}
}
