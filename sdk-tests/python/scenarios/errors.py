from google.api_core import exceptions
from google.cloud import binaryauthorization_v1, kms_v1

from clients import TRANSPORT, artifact_registry, binauthz, grafeas, kms
from expect import detail, raised
from steps import LOCATION, create_key_ring, create_note, create_signing_version, new_project, requiring, sign


def not_found():
    """What does not exist is NotFound, with the name in the message"""
    project = new_project()
    ring = f'projects/{project}/locations/{LOCATION}/keyRings/none'
    for call, name in [
        (lambda: kms().get_key_ring(name=ring), ring),
        (lambda: grafeas().get_note(name=f'projects/{project}/notes/none'), ''),
        (lambda: binauthz().get_attestor(name=f'projects/{project}/attestors/none'), f'projects/{project}/attestors/none'),
        (lambda: artifact_registry().get_repository(name=f'projects/{project}/locations/{LOCATION}/repositories/none'), ''),
    ]:
        error = raised(exceptions.NotFound, call)
        assert name in error.message, error
        assert error.code == 404
        if TRANSPORT == 'grpc':
            assert error.grpc_status_code.name == 'NOT_FOUND'


def already_exists():
    """What exists already is a Conflict: over gRPC AlreadyExists"""
    project = new_project()
    create_key_ring(project)
    create_note(project)
    conflict = exceptions.AlreadyExists if TRANSPORT == 'grpc' else exceptions.Conflict
    assert 'ring' in raised(conflict, lambda: create_key_ring(project)).message
    assert 'built' in raised(conflict, lambda: create_note(project)).message


def invalid_argument():
    """What is malformed is a BadRequest: over gRPC InvalidArgument"""
    bad_request = exceptions.InvalidArgument if TRANSPORT == 'grpc' else exceptions.BadRequest
    parent = f'projects/{new_project()}/locations/{LOCATION}'
    error = raised(bad_request, lambda: kms().create_key_ring(parent=parent, key_ring_id='a b', key_ring=kms_v1.KeyRing()))
    assert error.code == 400
    raised(bad_request, lambda: kms().create_crypto_key(
        parent=create_key_ring(new_project()), crypto_key_id='key', crypto_key=kms_v1.CryptoKey()
    ))


def field_violations():
    """A policy with two mistakes has both in the details of its error, as google.rpc.BadRequest"""
    project = new_project()
    policy = binaryauthorization_v1.Policy(
        name=f'projects/{project}/policy',
        default_admission_rule=requiring(f'projects/{project}/attestors/none'),
        cluster_admission_rules={'nowhere': requiring()},
    )
    error = raised(exceptions.BadRequest, lambda: binauthz().update_policy(policy=policy))
    violations = detail(error, 'BadRequest')['fieldViolations']
    assert len(violations) >= 2, violations
    assert len({violation['field'] for violation in violations}) >= 2, violations
    assert all(violation['description'] in error.message for violation in violations), error


def precondition_failure():
    """A disabled version does not sign: FailedPrecondition, with the version in google.rpc.PreconditionFailure"""
    version = create_signing_version(new_project())
    kms().update_crypto_key_version(
        crypto_key_version={'name': version, 'state': kms_v1.CryptoKeyVersion.CryptoKeyVersionState.DISABLED},
        update_mask={'paths': ['state']},
    )
    failed = exceptions.FailedPrecondition if TRANSPORT == 'grpc' else exceptions.BadRequest
    error = raised(failed, lambda: sign(version, b'payload'))
    assert detail(error, 'PreconditionFailure') == {'violations': [{'type': 'KEY_DISABLED', 'subject': version}]}, error.details


def aborted():
    """An attestor that somebody else has changed meanwhile is not overwritten: Aborted"""
    project = new_project()
    attestor = binauthz().create_attestor(
        parent=f'projects/{project}',
        attestor_id='attestor',
        attestor={'user_owned_grafeas_note': {'note_reference': f'projects/{project}/notes/note'}},
    )
    attestor.description = 'first'
    binauthz().update_attestor(attestor=attestor)
    attestor.description = 'second'
    lost = exceptions.Aborted if TRANSPORT == 'grpc' else exceptions.Conflict
    raised(lost, lambda: binauthz().update_attestor(attestor=attestor))
    assert binauthz().get_attestor(name=attestor.name).description == 'first'


def unimplemented():
    """What the emulator does not have is refused by name, over gRPC as MethodNotImplemented"""
    name = f'{create_key_ring(new_project())}/cryptoKeys/key'
    refused = exceptions.MethodNotImplemented if TRANSPORT == 'grpc' else exceptions.BadRequest
    error = raised(refused, lambda: kms().delete_crypto_key(request={'name': name}))
    assert 'DeleteCryptoKey' in error.message and 'not supported by binauthz-emulator' in error.message, error
