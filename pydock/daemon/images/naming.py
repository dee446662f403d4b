"""Names of images between their two forms: the full one that tags are kept under, the short one that users see.

Used by the services of this package.
"""

from functools import lru_cache

from pydock.errors import InvalidParameter
from pydock.imagestore import reference as references
from pydock.imagestore.reference import Reference


@lru_cache(maxsize=4096)
def parsed(name: str) -> Reference:
    """A name as `Tags` has it, taken apart."""
    return references.parse(name)


def familiar(name: str) -> str:
    """The short form of a name as `Tags` has it."""
    return parsed(name).familiar


def split(names: list[str]) -> tuple[list[str], list[str]]:
    """The short forms of `names`: those with a tag, those with a digest."""
    found = [parsed(name) for name in names]
    return [one.familiar for one in found if not one.digest], [one.familiar for one in found if one.digest]


def key(text: str) -> str:
    """The full form of a name that a user wrote, as `Tags` has it: ``latest`` filled in, a tag before a digest gone."""
    reference = references.parse(text)
    if reference.digest:
        return str(Reference(reference.domain, reference.path, "", reference.digest))
    return str(reference.with_default_tag())


def tagged(text: str) -> str:
    """The full form of a name in an archive, which has to have a tag."""
    reference = references.parse(text)
    if reference.digest or not reference.tag:
        raise InvalidParameter(f'invalid tag "{text[:300]}"')
    return str(reference)


def target(repository: str, tag: str = "") -> str:
    """The full form of the name that a tag, a commit or an import is to give; in Docker's words where it can't be."""
    reference = references.parse(repository)
    if reference.digest:
        raise InvalidParameter("cannot import digest reference")
    if tag:
        reference = reference.with_tag(tag)
    return str(reference.with_default_tag())
