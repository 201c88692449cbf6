"""Google's clients as their users make them. With an endpoint in the environment: without credentials, and pointed at it in code.
Without one: with no argument but the transport, so that the environment alone says where they go.

https://cloud.google.com/python/docs/reference/cloudkms/latest
"""
import os
from functools import cache

import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.artifactregistry_v1 import ArtifactRegistryClient
from google.cloud.binaryauthorization_v1 import BinauthzManagementServiceV1Client, SystemPolicyV1Client, ValidationHelperV1Client
from google.cloud.binaryauthorization_v1beta1 import BinauthzManagementServiceV1Beta1Client, SystemPolicyV1Beta1Client
from google.cloud.devtools.containeranalysis_v1 import ContainerAnalysisClient
from google.cloud.kms_v1 import KeyManagementServiceClient
from grafeas.grafeas_v1 import GrafeasClient
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasRestTransport

TRANSPORT = os.environ.get('SDK_TRANSPORT', 'grpc')
# of the emulator, with its scheme; {api} in it stands for the name of the API
ENDPOINT = os.environ.get('SDK_ENDPOINT')


def insecure_or_secure_channel(endpoint: str) -> grpc.Channel:
    scheme, authority = endpoint.split('://')
    if scheme == 'http':
        return grpc.insecure_channel(authority)
    with open(os.environ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'], 'rb') as roots:
        return grpc.secure_channel(authority, grpc.ssl_channel_credentials(roots.read()))


@cache
def connected(client: type, api: str):
    if not ENDPOINT:
        return client(transport=TRANSPORT)
    endpoint = ENDPOINT.replace('{api}', api)
    if TRANSPORT == 'grpc':
        return client(transport=client.get_transport_class('grpc')(channel=insecure_or_secure_channel(endpoint)))
    return client(
        transport='rest', credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=endpoint)
    )


def kms() -> KeyManagementServiceClient:
    return connected(KeyManagementServiceClient, 'cloudkms')


def container_analysis() -> ContainerAnalysisClient:
    return connected(ContainerAnalysisClient, 'containeranalysis')


@cache
def grafeas() -> GrafeasClient:
    """Grafeas is no API of Google's own, so its client knows no host: over gRPC that of Container Analysis gives one away."""
    if TRANSPORT == 'rest' and ENDPOINT:
        host = ENDPOINT.replace('{api}', 'containeranalysis')
        return GrafeasClient(transport=GrafeasRestTransport(host=host, credentials=AnonymousCredentials()))
    if TRANSPORT == 'rest':
        return GrafeasClient(transport=GrafeasRestTransport(host='containeranalysis.googleapis.com'))
    return connected(GrafeasClient, 'containeranalysis') if ENDPOINT else container_analysis().get_grafeas_client()


def binauthz() -> BinauthzManagementServiceV1Client:
    return connected(BinauthzManagementServiceV1Client, 'binaryauthorization')


def system_policy() -> SystemPolicyV1Client:
    return connected(SystemPolicyV1Client, 'binaryauthorization')


def validation_helper() -> ValidationHelperV1Client:
    return connected(ValidationHelperV1Client, 'binaryauthorization')


def binauthz_v1beta1() -> BinauthzManagementServiceV1Beta1Client:
    return connected(BinauthzManagementServiceV1Beta1Client, 'binaryauthorization')


def system_policy_v1beta1() -> SystemPolicyV1Beta1Client:
    return connected(SystemPolicyV1Beta1Client, 'binaryauthorization')


def artifact_registry() -> ArtifactRegistryClient:
    return connected(ArtifactRegistryClient, 'artifactregistry')
