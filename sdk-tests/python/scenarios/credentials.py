import os

import google.auth
from google.auth import compute_engine
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

SCOPE = 'https://www.googleapis.com/auth/cloud-platform'


def application_default():
    """Application Default Credentials resolve as the environment says, and their token says whose it is"""
    credentials, project = google.auth.default(scopes=[SCOPE])
    kind = compute_engine.Credentials if 'GCE_METADATA_HOST' in os.environ else service_account.Credentials
    assert isinstance(credentials, kind), credentials
    assert project == os.environ['GOOGLE_CLOUD_PROJECT'], project
    credentials.refresh(Request())
    assert credentials.valid and credentials.token, credentials
    answer = AuthorizedSession(credentials).get('https://openidconnect.googleapis.com/v1/userinfo', timeout=30)
    assert answer.json()['email'] == f'emulator@{project}.iam.gserviceaccount.com', answer.text
