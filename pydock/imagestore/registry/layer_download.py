"""One layer on its way in: downloaded, verified and unpacked at the same time.

The bytes go to the blob store and through a pipe to a worker.  A broken connection is taken up again where it broke
off, a blob that turns out to be wrong is begun anew.  Used by pull.
"""

import contextlib
import fcntl
import os
import threading

from pydock.errors import InvalidParameter, PydockError, System, words_of
from pydock.imagestore import threads
from pydock.imagestore.blobs import Blobs, Ingest
from pydock.imagestore.index import BlobRow
from pydock.imagestore.layers import Lease, Unpacked
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.faults import Unreachable
from pydock.imagestore.registry.manifests import Descriptor
from pydock.imagestore.registry.progress import Meter, Progress, short_id
from pydock.imagestore.registry.repository import Repository, worth_retrying
from pydock.imagestore.registry.retries import Retries

CHUNK = 256 << 10
_PIPE_SIZE = 1 << 20


class LayerDownload:
    """The download of one layer."""

    def __init__(
        self, descriptor: Descriptor, diff_id: str, repository: Repository, blobs: Blobs, cancellation: Cancellation
    ) -> None:
        self._descriptor = descriptor
        self._diff_id = diff_id
        self._repository = repository
        self._blobs = blobs
        self._cancellation = cancellation
        self._id = short_id(descriptor.digest)
        self._tries = 0
        #: whether the worker was fed the beginning of one answer and the rest of another
        self._mended = False

    def run(self, lease: Lease, progress: Progress, retries: Retries) -> Unpacked:
        """Download and unpack; the compressed form is kept with the layer."""
        while True:
            self._mended = False
            with self._blobs.ingest(self._descriptor.digest, self._descriptor.size) as ingest:
                try:
                    unpacked = self._transfer(ingest, lease, progress, retries)
                except _Corrupt as error:
                    self._pause(error, progress, retries)
                    continue
                ingest.commit()
            row = BlobRow(self._descriptor.digest, unpacked.diff_id, self._descriptor.media_type, self._descriptor.size)
            lease.keep_blob(row)
            return unpacked

    def _transfer(self, ingest: Ingest, lease: Lease, progress: Progress, retries: Retries) -> Unpacked:
        """Download once, with as many connections as it takes, into the blob and through an unpacking worker."""
        with _Unpacking(lease, self._diff_id, Meter(progress, self._id, "Extracting", self._descriptor.size)) as sink:
            meter = Meter(progress, self._id, "Downloading", self._descriptor.size)
            buffer = memoryview(bytearray(CHUNK))
            while True:
                try:
                    self._receive(ingest, sink, buffer, meter)
                    break
                except PydockError as error:
                    self._cancellation.check()
                    if not worth_retrying(error):
                        raise
                    self._pause(error, progress, retries)
            sink.end()
            progress.update(self._id, "Verifying Checksum")
            self._verify(ingest)
            progress.update(self._id, "Download complete")
            try:
                return sink.result()
            except PydockError as error:
                if self._mended:
                    raise _Corrupt(error.message) from None
                raise

    def _receive(self, ingest: Ingest, sink: "_Unpacking", buffer: memoryview, meter: Meter) -> None:
        """Read one answer to its end."""
        with self._repository.blob(self._descriptor.digest, ingest.offset) as answer:
            if answer.status == 200 and ingest.offset:
                ingest.restart()
                self._mended = True
            while count := answer.readinto(buffer):
                data = buffer[:count]
                try:
                    ingest.write(data)
                except InvalidParameter as error:
                    raise _Corrupt(error.message) from None
                # after a restart the worker has seen the beginning already, though it may have been another
                fresh = ingest.offset - sink.fed
                if fresh > 0:
                    sink.feed(data[max(0, count - fresh) :])
                meter.at(ingest.offset)
        if ingest.offset < self._descriptor.size:
            raise Unreachable(f"blob {self._descriptor.digest}: unexpected EOF")

    def _verify(self, ingest: Ingest) -> None:
        try:
            ingest.verify()
        except InvalidParameter:
            message = f"filesystem layer verification failed for digest {self._descriptor.digest}"
            raise _Corrupt(message) from None

    def _pause(self, error: PydockError, progress: Progress, retries: Retries) -> None:
        """Wait before another try, telling how long; raise `error` where there have been enough."""
        self._tries += 1
        if self._tries >= retries.attempts:
            raise error
        retries.pause(self._id, self._tries, progress, self._cancellation)


class _Corrupt(System):
    """The blob is not what its digest says; another download may be."""


class _Unpacking:
    """A worker that unpacks what it is fed.  A context manager: at its end the worker is done with."""

    def __init__(self, lease: Lease, diff_id: str, meter: Meter) -> None:
        self._lease = lease
        self._diff_id = diff_id
        self._meter = meter
        self._whole = False
        #: how many bytes the worker was handed
        self.fed = 0
        self._source, self._sink = os.pipe2(os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # beyond the user's limit for pipes the usual 64 KiB must do
            fcntl.fcntl(self._sink, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._unpacked: Unpacked | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="unpack", daemon=True)

    def __enter__(self) -> "_Unpacking":
        try:
            threads.start(self._thread)
        except System:
            self.end()
            os.close(self._source)
            raise
        return self

    def __exit__(self, *details: object) -> None:
        self.end()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._unpacked = self._lease.unpack(self._source, self._diff_id, self._progress)
        except BaseException as error:
            self._error = error
        finally:
            os.close(self._source)

    def _progress(self, current: int) -> None:
        # while more is on its way, the download is what is told of
        if self._whole:
            self._meter.at(current)

    def feed(self, data: memoryview) -> None:
        """Hand `data` to the worker; one that has given up is passed over until the blob is known to be right."""
        self.fed += len(data)
        while data and self._sink >= 0:
            try:
                data = data[os.write(self._sink, data) :]
            except BrokenPipeError:
                self.end()

    def end(self) -> None:
        """There is no more."""
        if self._sink >= 0:
            os.close(self._sink)
            self._sink = -1

    def result(self) -> Unpacked:
        """Wait for the worker; what it found wrong is raised."""
        self._whole = True
        self._thread.join()
        if isinstance(self._error, PydockError):
            raise type(self._error)(f"failed to register layer: {self._error.message}") from self._error
        if self._error is not None:
            reason = words_of(self._error) if isinstance(self._error, OSError) else str(self._error)
            raise System(f"failed to register layer: {reason}") from self._error
        assert self._unpacked is not None
        return self._unpacked
