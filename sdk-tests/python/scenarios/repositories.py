from google.api_core.exceptions import NotFound
from google.cloud import artifactregistry_v1
from google.iam.v1 import policy_pb2

from clients import artifact_registry
from expect import changeable_iam_policy, raised
from steps import LOCATION, new_project


def create_repository(repository: artifactregistry_v1.Repository) -> artifactregistry_v1.Repository:
    parent = f'projects/{new_project()}/locations/{LOCATION}'
    return artifact_registry().create_repository(parent=parent, repository_id='images', repository=repository).result(timeout=30)


def operation():
    """Creating and deleting a repository are operations whose results are waited for"""
    docker = artifactregistry_v1.Repository(
        format_=artifactregistry_v1.Repository.Format.DOCKER, description='images', labels={'team': 'shop'}
    )
    repository = create_repository(docker)
    assert repository.name.endswith('/repositories/images') and repository.description == 'images', repository
    read = artifact_registry().get_repository(name=repository.name)
    assert (read.format_.name, dict(read.labels)) == ('DOCKER', {'team': 'shop'}), read
    deletion = artifact_registry().delete_repository(name=repository.name)
    deletion.result(timeout=30)
    assert deletion.done()
    raised(NotFound, lambda: artifact_registry().get_repository(name=repository.name))


def iam_policy():
    """The IAM policy of a repository is read, changed, and what it would permit is asked"""
    repository = create_repository(artifactregistry_v1.Repository(format_=artifactregistry_v1.Repository.Format.DOCKER))
    binding = policy_pb2.Binding(role='roles/artifactregistry.reader', members=['allUsers'])
    changeable_iam_policy(artifact_registry(), repository.name, binding, 'artifactregistry.repositories.get')
