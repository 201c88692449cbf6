"""Every step from a signature to a deployment with Google's client libraries for Python, as whoever the environment says. Its arguments are
the project and the image; it prints what became of each step as JSON: null where it succeeded, else the message of the error.
"""
import json
import sys

import google.auth
from google.api_core.exceptions import GoogleAPICallError, PermissionDenied
from google.auth.transport.requests import AuthorizedSession
from google.cloud import binaryauthorization_v1
from grafeas import grafeas_v1

from clients import binauthz, grafeas
from steps import key_id, sign, signature_payload

PROJECT, IMAGE = sys.argv[1:]
LOCATION = f'projects/{PROJECT}/locations/europe-west2'
VERSION = f'{LOCATION}/keyRings/prod-binauthz-ring/cryptoKeys/attestor-signing-key/cryptoKeyVersions/1'
PAYLOAD = signature_payload(IMAGE)

session = AuthorizedSession(google.auth.default(scopes=['https://www.googleapis.com/auth/cloud-platform'])[0])
# of whoever may not sign: no signature at all
signed = {'signature': b'none'}


def answer_of(response):
    if response.status_code != 200:
        error = response.json()['error']
        assert error['status'] == 'PERMISSION_DENIED', error
        raise PermissionDenied(error['message'])
    return response.json()


def do_sign():
    signed['signature'] = sign(VERSION, PAYLOAD)


def attest():
    signature = grafeas_v1.Signature(public_key_id=key_id(VERSION), signature=signed['signature'])
    grafeas().create_occurrence(
        parent=f'projects/{PROJECT}',
        occurrence=grafeas_v1.Occurrence(
            note_name=f'projects/{PROJECT}/notes/built-by-ci',
            resource_uri=IMAGE,
            attestation=grafeas_v1.AttestationOccurrence(serialized_payload=PAYLOAD, signatures=[signature]),
        ),
    )


def deploy():
    services = f'https://run.googleapis.com/v2/{LOCATION}/services'
    account = f'runtime@{PROJECT}.iam.gserviceaccount.com'
    template = {'containers': [{'image': IMAGE}], 'serviceAccount': account}
    service = {'binaryAuthorization': {'useDefault': True}, 'template': template}
    answer_of(session.post(services, params={'serviceId': 'by-python'}, json=service))
    condition = answer_of(session.get(f'{services}/by-python'))['terminalCondition']
    assert condition['state'] == 'CONDITION_SUCCEEDED', condition


def read_logs():
    request = {'resourceNames': [f'projects/{PROJECT}'], 'filter': 'log_id("cloudaudit.googleapis.com/activity")'}
    assert answer_of(session.post('https://logging.googleapis.com/v2/entries:list', json=request))['entries']


def change_policy():
    rule = {'evaluation_mode': 'ALWAYS_ALLOW', 'enforcement_mode': 'ENFORCED_BLOCK_AND_AUDIT_LOG'}
    policy = binaryauthorization_v1.Policy(name=f'projects/{PROJECT}/policy', default_admission_rule=rule)
    binauthz().update_policy(policy=policy)


seen = {}
STEPS = {'sign': do_sign, 'attest': attest, 'deploy': deploy, 'readLogs': read_logs, 'changePolicy': change_policy}
for name, step in STEPS.items():
    try:
        step()
        seen[name] = None
    except GoogleAPICallError as error:
        seen[name] = error.message
print(json.dumps(seen))
