"""What several scenarios expect of a client: an error and its details, pages, a policy that can be changed."""
from collections.abc import Callable

from google.api_core.exceptions import Conflict, GoogleAPICallError
from google.iam.v1.policy_pb2 import Binding
from google.protobuf.json_format import MessageToDict

from clients import TRANSPORT


def raised(kind: type, call: Callable):
    """The error that the call must end with."""
    try:
        answer = call()
    except kind as error:
        return error
    raise AssertionError(f'no {kind.__name__}, but {answer}')


def detail(error: GoogleAPICallError, name: str) -> dict:
    """The one detail of an error: a message of google.rpc over gRPC, JSON over REST."""
    [found] = error.details
    if TRANSPORT == 'grpc':
        assert found.DESCRIPTOR.full_name == f'google.rpc.{name}', found
        return MessageToDict(found)
    assert found.pop('@type') == f'type.googleapis.com/google.rpc.{name}', found
    return found


def pages_of_two(pager, names: list[str], field: str) -> None:
    """Goes through the pages, and expects these five names in order."""
    pages = list(pager.pages)
    assert [len(getattr(page, field)) for page in pages] == [2, 2, 1], pages
    assert [item.name for page in pages for item in getattr(page, field)] == names, pages


def changeable_iam_policy(client, resource: str, binding: Binding, permission: str) -> None:
    """Read, modify, write, as the documentation of IAM asks for; then once more on what was read first, which is too late."""
    policy = client.get_iam_policy(request={'resource': resource})
    assert len(policy.bindings) == 0 and policy.etag, policy
    policy.bindings.append(binding)
    written = client.set_iam_policy(request={'resource': resource, 'policy': policy})
    assert list(written.bindings) == [binding] and written.etag != policy.etag, written
    assert client.get_iam_policy(request={'resource': resource}) == written
    raised(Conflict, lambda: client.set_iam_policy(request={'resource': resource, 'policy': policy}))
    answer = client.test_iam_permissions(request={'resource': resource, 'permissions': [permission]})
    assert list(answer.permissions) == [permission], answer
