"""The steps of a pipeline: a key signs, an attestation says so, an attestor and a policy ask for it, a cluster asks who may run."""
import hashlib
import json
import os
import secrets
import time
from uuid import uuid4

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.cloud import binaryauthorization_v1, kms_v1
from google_crc32c import value as crc32c
from grafeas import grafeas_v1

from clients import binauthz, grafeas, kms

LOCATION = 'europe-west2'
REPOSITORY = 'europe-west2-docker.pkg.dev/my-app-prod/my-repo/my-image'
ALGORITHMS = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm


def new_project() -> str:
    """A project id that nothing else has: projects need not be created."""
    return f'project-{uuid4().hex[:12]}'


def new_image() -> str:
    """An image by a digest that nothing else has."""
    return f'{REPOSITORY}@sha256:{secrets.token_hex(32)}'


def create_key_ring(project: str) -> str:
    parent = f'projects/{project}/locations/{LOCATION}'
    return kms().create_key_ring(parent=parent, key_ring_id='ring', key_ring=kms_v1.KeyRing()).name


def create_signing_version(project: str, algorithm=ALGORITHMS.EC_SIGN_P256_SHA256) -> str:
    """A key with a version that can sign, which is waited for as the documentation asks for."""
    key = kms().create_crypto_key(
        parent=create_key_ring(project),
        crypto_key_id='signer',
        crypto_key=kms_v1.CryptoKey(
            purpose=kms_v1.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN,
            version_template=kms_v1.CryptoKeyVersionTemplate(algorithm=algorithm),
        ),
    )
    name = f'{key.name}/cryptoKeyVersions/1'
    while kms().get_crypto_key_version(name=name).state == kms_v1.CryptoKeyVersion.CryptoKeyVersionState.PENDING_GENERATION:
        time.sleep(0.02)
    return name


def digest_of(payload: bytes, algorithm) -> kms_v1.Digest:
    name = algorithm.name.rsplit('_', 1)[-1].lower()
    return kms_v1.Digest({name: hashlib.new(name, payload).digest()})


def sign(version: str, payload: bytes, algorithm=ALGORITHMS.EC_SIGN_P256_SHA256) -> bytes:
    """Signs the payload's digest, and compares the checksums as the documentation asks for."""
    digest = digest_of(payload, algorithm)
    digest_crc32c = crc32c(digest.sha256 or digest.sha384 or digest.sha512)
    answer = kms().asymmetric_sign(request={'name': version, 'digest': digest, 'digest_crc32c': digest_crc32c})
    assert answer.name == version, answer.name
    assert answer.verified_digest_crc32c
    assert answer.signature_crc32c == crc32c(answer.signature)
    return answer.signature


def verify(public_key: kms_v1.PublicKey, payload: bytes, signature: bytes) -> None:
    """Raises InvalidSignature."""
    key = load_pem_public_key(public_key.pem.encode())
    name = public_key.algorithm.name
    hashed = getattr(hashes, name.rsplit('_', 1)[-1])()
    if name.startswith('EC_SIGN_'):
        key.verify(signature, payload, ec.ECDSA(hashed))
    elif name.startswith('RSA_SIGN_PSS_'):
        key.verify(signature, payload, padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH), hashed)
    else:
        key.verify(signature, payload, padding.PKCS1v15(), hashed)


def signature_payload(image: str) -> bytes:
    """What an attestation signs (https://cloud.google.com/binary-authorization/docs/making-attestations)."""
    reference, digest = image.split('@')
    critical = {
        'identity': {'docker-reference': reference},
        'image': {'docker-manifest-digest': digest},
        'type': 'Google cloud binauthz container signature',
    }
    return json.dumps({'critical': critical}).encode()


def create_note(project: str, note: str = 'built') -> str:
    hint = grafeas_v1.AttestationNote.Hint(human_readable_name='built by us')
    return grafeas().create_note(
        parent=f'projects/{project}', note_id=note, note=grafeas_v1.Note(attestation=grafeas_v1.AttestationNote(hint=hint))
    ).name


def key_id(version: str) -> str:
    """How an attestor and its attestations name a key of Cloud KMS."""
    return f'//cloudkms.googleapis.com/v1/{version}'


def attestation_of(version: str, signed_image: str) -> grafeas_v1.AttestationOccurrence:
    payload = signature_payload(signed_image)
    signature = grafeas_v1.Signature(public_key_id=key_id(version), signature=sign(version, payload))
    return grafeas_v1.AttestationOccurrence(serialized_payload=payload, signatures=[signature])


def attest(project: str, note: str, version: str, image: str, signed_image: str | None = None) -> grafeas_v1.Occurrence:
    """An attestation of the image: over its own payload, or over that of another image."""
    return grafeas().create_occurrence(
        parent=f'projects/{project}',
        occurrence=grafeas_v1.Occurrence(
            note_name=note, resource_uri=f'https://{image}', attestation=attestation_of(version, signed_image or image)
        ),
    )


def public_key_of(version: str) -> binaryauthorization_v1.AttestorPublicKey:
    return binaryauthorization_v1.AttestorPublicKey(
        id=key_id(version),
        pkix_public_key=binaryauthorization_v1.PkixPublicKey(
            public_key_pem=kms().get_public_key(name=version).pem,
            signature_algorithm=binaryauthorization_v1.PkixPublicKey.SignatureAlgorithm.ECDSA_P256_SHA256,
        ),
    )


def create_attestor(project: str, note: str, version: str, attestor: str = 'built-by-us') -> binaryauthorization_v1.Attestor:
    return binauthz().create_attestor(
        parent=f'projects/{project}',
        attestor_id=attestor,
        attestor=binaryauthorization_v1.Attestor(
            name=f'projects/{project}/attestors/{attestor}',
            user_owned_grafeas_note=binaryauthorization_v1.UserOwnedGrafeasNote(
                note_reference=note, public_keys=[public_key_of(version)]
            ),
        ),
    )


def requiring(*attestors: str) -> dict:
    return {
        'evaluation_mode': 'REQUIRE_ATTESTATION',
        'enforcement_mode': 'ENFORCED_BLOCK_AND_AUDIT_LOG',
        'require_attestations_by': list(attestors),
    }


def admission_of(project: str, image: str) -> dict:
    """`response` of the AdmissionReview that a cluster gets which is to create a Pod with this image."""
    pod = {
        'apiVersion': 'v1',
        'kind': 'Pod',
        'metadata': {'name': 'app', 'namespace': 'default'},
        'spec': {'containers': [{'name': 'app', 'image': image}]},
    }
    uid = str(uuid4())
    request = {
        'uid': uid,
        'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'},
        'resource': {'group': '', 'version': 'v1', 'resource': 'pods'},
        'name': 'app',
        'namespace': 'default',
        'operation': 'CREATE',
        'object': pod,
    }
    answer = requests.post(
        f'{os.environ["BINAUTHZ_EMULATOR_URL"]}/admission/projects/{project}/locations/{LOCATION}/clusters/prod',
        json={'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': request},
        timeout=30,
    )
    answer.raise_for_status()
    response = answer.json()['response']
    assert response.pop('uid') == uid
    return response
