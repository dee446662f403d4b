"""Save, as the API has it: which images and names are meant, and their archive.

Called by the routes ``GET /images/get`` and ``GET /images/{name}/get``.
"""

from collections.abc import Callable, Sequence

from pydock.daemon.images import lookup, naming
from pydock.daemon.images.service import Images
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import archive_save, platforms
from pydock.imagestore import images as store
from pydock.imagestore import reference as references
from pydock.imagestore.archive_save import Choice
from pydock.imagestore.layers import Layers
from pydock.imagestore.platforms import Platform
from pydock.imagestore.tags import Tags


class Saves:
    """Saves images to archives."""

    def __init__(self, catalog: Images, images: store.Images, tags: Tags, layers: Layers) -> None:
        self._catalog = catalog
        self._images = images
        self._tags = tags
        self._layers = layers

    def begin(self, names: Sequence[str], platform: Platform | None) -> Callable[[int], None]:
        """What writes the archive of `names` to a descriptor; NotFound where one is not here."""
        chosen: dict[str, dict[str, None]] = {}
        for name in names:
            for image_id, full in self._meant(name):
                chosen.setdefault(image_id, {}).update(dict.fromkeys([full] if full else ()))
        choices = [self._choice(image_id, list(full), platform) for image_id, full in chosen.items()]

        def write(target: int) -> None:
            archive_save.save(choices, self._layers, self._images, target)
            for choice in choices:
                self._catalog.announce("save", choice.image.id)

        return write

    def _meant(self, text: str) -> list[tuple[str, str]]:
        """The images that `text` means, each with the name that it is saved under ("" for none).

        A repository without a tag means all its tags.
        """
        if lookup.is_id(text):
            return [(self._catalog.resolve(text).id, "")]
        reference = references.parse(text)
        if reference.name_only:
            tagged = [
                (image_id, name)
                for name, image_id in sorted(self._tags.all().items())
                if (one := naming.parsed(name)).name == reference.name and not one.digest
            ]
            if tagged:
                return tagged
            try:
                return [(self._catalog.resolve(text).id, "")]
            except NotFound:
                raise NotFound(f"No such image: {text}") from None
        image_id = self._tags.find(naming.key(text))
        if image_id is None:
            raise NotFound("reference does not exist")
        return [(image_id, "" if reference.digest else naming.key(text))]

    def _choice(self, image_id: str, names: list[str], platform: Platform | None) -> Choice:
        image = self._images.get(image_id)
        if image is None:
            raise NotFound(f"No such image: {image_id}")
        offered = platforms.normalize(image.os, image.architecture, image.variant)
        if platform is not None and platforms.rank(platform, offered) < 0:
            raise InvalidParameter(f"no suitable export target found for platform {platform}")
        return Choice(image, tuple((name, naming.familiar(name)) for name in names))
