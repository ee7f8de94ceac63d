"""What lies in the bucket of the fake: objects that tests put there, or a million that are made when asked for."""

from __future__ import annotations

import bisect
import hashlib
import threading
from dataclasses import dataclass, field

BEGIN = 1_767_225_600  # 2026-01-01
GENERATED_BYTES = 4096


@dataclass
class Blob:
    """One object."""

    body: bytes
    etag: str = ""
    modified: int = BEGIN  # seconds since 1970
    headers: dict[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    restore: str = ""  # inner XML of RestoreStatus
    archived: bool = False  # a GET is refused
    failing: bool = False

    def __post_init__(self) -> None:
        self.etag = self.etag or hashlib.md5(self.body).hexdigest()
        self.headers = {"Content-Type": "binary/octet-stream", **self.headers}


class Shelf:
    """Objects by key. Each put is a second later than the one before."""

    def __init__(self) -> None:
        self._blobs: dict[str, Blob] = {}
        self._keys: list[str] | None = None  # sorted; None after a change
        self._now = BEGIN
        self._locked = threading.RLock()

    def put(self, key: str, body: bytes, **more: object) -> None:
        with self._locked:
            self._now += 1
            self._blobs[key] = Blob(body, **{"modified": self._now, **more})  # type: ignore[arg-type]
            self._keys = None

    def delete(self, key: str) -> None:
        with self._locked:
            del self._blobs[key]
            self._keys = None

    def get(self, key: str) -> Blob | None:
        return self._blobs.get(key)

    def bodies(self) -> dict[str, bytes]:
        with self._locked:
            return {key: blob.body for key, blob in self._blobs.items()}

    def page(self, prefix: str, after: str, size: int) -> tuple[list[str], bool]:
        """So many keys above `after`, and whether there are more."""
        with self._locked:
            if self._keys is None:
                self._keys = sorted(self._blobs)
            start = max(bisect.bisect_right(self._keys, after), bisect.bisect_left(self._keys, prefix))
            found = []
            for key in self._keys[start:]:
                if not key.startswith(prefix):
                    break
                if len(found) == size:
                    return found, True
                found.append(key)
            return found, False


class Generated:
    """So many objects of 4 KB, in folders of a hundred, made when they are asked for."""

    def __init__(self, number: int) -> None:
        self.number = number

    def put(self, key: str, body: bytes, **more: object) -> None:
        raise NotImplementedError

    delete = put  # type: ignore[assignment]

    def get(self, key: str) -> Blob | None:
        line = f"{key} tells of the matter.\n"
        body = (line * (GENERATED_BYTES // len(line) + 1))[:GENERATED_BYTES].encode()
        return Blob(body, hashlib.md5(key.encode()).hexdigest())

    def page(self, prefix: str, after: str, size: int) -> tuple[list[str], bool]:
        first = int(after[-11:-4]) + 1 if after else 0
        until = min(first + size, self.number)
        return [key_of(number) for number in range(first, until)], until < self.number


def key_of(number: int) -> str:
    return f"area-{number // 10_000:03d}/part-{number // 100:05d}/note-{number:07d}.txt"
