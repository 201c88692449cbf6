import hashlib

from google.api_core.exceptions import BadRequest
from google.cloud import kms_v1
from google.protobuf.duration_pb2 import Duration
from google_crc32c import value as crc32c

from clients import kms
from expect import raised
from steps import ALGORITHMS, create_key_ring, create_signing_version, new_project, sign, verify


def algorithms():
    """cryptography verifies what KMS has signed with each kind of algorithm, over a digest"""
    for algorithm in [
        ALGORITHMS.EC_SIGN_P256_SHA256,
        ALGORITHMS.EC_SIGN_P384_SHA384,
        ALGORITHMS.RSA_SIGN_PSS_2048_SHA256,
        ALGORITHMS.RSA_SIGN_PKCS1_2048_SHA256,
    ]:
        version = create_signing_version(new_project(), algorithm)
        public_key = kms().get_public_key(name=version)
        assert public_key.algorithm == algorithm, public_key
        verify(public_key, b'payload', sign(version, b'payload', algorithm))


def checksums():
    """Public keys and signatures come with their CRC32C, and a wrong one of data or digest is refused"""
    version = create_signing_version(new_project())
    public_key = kms().get_public_key(name=version)
    assert public_key.name == version
    assert public_key.pem_crc32c == crc32c(public_key.pem.encode()), public_key

    answer = kms().asymmetric_sign(request={'name': version, 'data': b'payload', 'data_crc32c': crc32c(b'payload')})
    assert (answer.verified_data_crc32c, answer.verified_digest_crc32c) == (True, False), answer
    assert answer.signature_crc32c == crc32c(answer.signature)
    verify(public_key, b'payload', answer.signature)
    assert not kms().asymmetric_sign(request={'name': version, 'data': b'payload'}).verified_data_crc32c

    digest = hashlib.sha256(b'payload').digest()
    for field, request in [
        ('data', {'data': b'payload', 'data_crc32c': crc32c(b'other')}),
        ('digest', {'digest': {'sha256': digest}, 'digest_crc32c': crc32c(b'other')}),
    ]:
        error = raised(BadRequest, lambda: kms().asymmetric_sign(request={'name': version, **request}))
        assert f'The checksum in field {field}_crc32c did not match the data in field {field}.' in error.message, error


def update():
    """Labels, periods and times of a key pass unchanged, and a field mask changes what it names alone"""
    name = kms().create_crypto_key(
        parent=create_key_ring(new_project()),
        crypto_key_id='key',
        crypto_key=kms_v1.CryptoKey(
            purpose=kms_v1.CryptoKey.CryptoKeyPurpose.ENCRYPT_DECRYPT,
            labels={'team': 'shop', 'empty': ''},
            destroy_scheduled_duration=Duration(seconds=172800),
        ),
    ).name
    key = kms().get_crypto_key(name=name)
    assert dict(key.labels) == {'team': 'shop', 'empty': ''}, key
    assert key.destroy_scheduled_duration.total_seconds() == 172800, key
    assert key.create_time == key.primary.create_time, key

    key.labels = {'team': 'till'}
    key.purpose = kms_v1.CryptoKey.CryptoKeyPurpose.MAC
    updated = kms().update_crypto_key(crypto_key=key, update_mask={'paths': ['labels']})
    assert (dict(updated.labels), updated.purpose.name) == ({'team': 'till'}, 'ENCRYPT_DECRYPT'), updated
    assert kms().get_crypto_key(name=name) == updated


def destroyed():
    """A version that is destroyed no longer signs, and does again when it is restored and enabled"""
    states = kms_v1.CryptoKeyVersion.CryptoKeyVersionState
    version = create_signing_version(new_project())
    destroyed_version = kms().destroy_crypto_key_version(name=version)
    assert destroyed_version.state == states.DESTROY_SCHEDULED
    assert (destroyed_version.destroy_time - destroyed_version.create_time).days == 30, destroyed_version
    error = raised(BadRequest, lambda: sign(version, b'payload'))
    assert 'DESTROY_SCHEDULED' in error.message, error

    assert kms().restore_crypto_key_version(name=version).state == states.DISABLED
    kms().update_crypto_key_version(
        crypto_key_version={'name': version, 'state': states.ENABLED}, update_mask={'paths': ['state']}
    )
    verify(kms().get_public_key(name=version), b'payload', sign(version, b'payload'))


def locations():
    """The places of the API are there by the Locations mixin"""
    name = f'projects/{new_project()}/locations/europe-west2'
    assert kms().get_location(request={'name': name}).location_id == 'europe-west2'
    listed = kms().list_locations(request={'name': name.rsplit('/', 2)[0]}).locations
    assert name in [location.name for location in listed], listed
