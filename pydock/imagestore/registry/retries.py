"""How often a transfer is tried, and the pauses between.  Used by the transfers of layers."""

from dataclasses import dataclass

from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.progress import Progress


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a layer is tried; the pause before another try grows by ``step`` seconds each time."""

    attempts: int = 5
    step: float = 5.0

    def pause(self, id: str, failed: int, progress: Progress, cancellation: Cancellation) -> None:
        """Wait after the try number `failed`, telling under `id` how long it will take."""
        left = self.step * failed
        while left > 0:
            seconds = max(1, round(left))
            progress.update(id, f"Retrying in {seconds} second{'' if seconds == 1 else 's'}")
            cancellation.sleep(min(1.0, left))
            left -= 1.0
