"""Raw mails, pieces and letters by their SHA-256, in a folder or any fsspec file system (S3 where machines share)."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from daemon.errors import ConfigurationError, ServiceUnreachable, VaguemestreError

MARK = ".vaguemestre"  # in the root: a folder without it is not ours, or a volume that is not mounted


class BlobStore:
    """`put` returns the digest; the same bytes are kept once. A blob is whole or absent (written aside, renamed).

    A folder is marked when it is first used.
    """

    def __init__(self, url: str, *, used: bool = False) -> None:
        import fsspec

        self.used = used  # whether it ever was, as far as is known

        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as e:  # a protocol that nobody knows, or whose library is not installed
            protocol = url.partition("://")[0]
            raise ConfigurationError(
                f"[store] blobs : « {protocol}:// » ne peut pas être ouvert ({e})",
                "employez file:///dossier, ou installez la bibliothèque fsspec de ce protocole (s3:// : s3fs)",
            ) from e
        self._local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def put(self, data: bytes) -> str:
        """Keeps the bytes; on disk before it returns."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            self._there()
            if self._fs.exists(path):
                return sha256
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            if not self._local:
                self._fs.pipe_file(path, data)  # object stores write whole objects or none
                return sha256
            aside = f"{path}.{secrets.token_hex(4)}.part"
            with open(aside, "wb") as f:  # noqa: PTH123  fsspec paths are strings
                f.write(data)
                f.flush()
                os.fsync(f.fileno())
            os.replace(aside, path)  # noqa: PTH105
        except OSError as e:
            raise ServiceUnreachable(
                f"[store] blobs : écriture impossible ({e})", remedy="vérifiez la place disponible et les droits"
            ) from e
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes; what comes back is checked against its name.

        Raises ServiceUnreachable where the store does not answer, VaguemestreError where these bytes alone are lost.
        """
        try:
            data: Any = self._fs.cat_file(self._path(sha256))
        except FileNotFoundError as e:
            if self._local and not self._mark.exists() and self._empty():  # not mounted, perhaps
                raise ServiceUnreachable(
                    "[store] blobs : rien n’y est", remedy="vérifiez que le dossier est monté"
                ) from e
            raise VaguemestreError(
                f"[store] blobs : {sha256[:12]}… manque", "restaurez-le depuis une sauvegarde"
            ) from e
        except OSError as e:
            raise ServiceUnreachable(
                f"[store] blobs : {sha256[:12]}… ne peut pas être lu ({e})",
                remedy="vérifiez que le dossier est monté et complet",
            ) from e
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VaguemestreError(f"[store] blobs : {sha256[:12]}… est abîmé", "restaurez-le depuis une sauvegarde")
        return bytes(data)

    def remove(self, sha256: str) -> None:
        """The bytes go; where they are gone already, nothing."""
        try:
            self._fs.rm_file(self._path(sha256))
        except FileNotFoundError:
            return
        except OSError as e:
            raise ServiceUnreachable(
                f"[store] blobs : {sha256[:12]}… ne peut pas être effacé ({e})",
                remedy="vérifiez les droits sur le dossier",
            ) from e

    @property
    def _mark(self) -> Path:
        return Path(self._root) / MARK

    def _there(self) -> None:
        """Marks a new folder; refuses one that was used and holds nothing: what is put there would lie under a mount.

        Object stores have no such trap.
        """
        if self._local and not self._mark.exists():
            if self.used and self._empty():
                raise ServiceUnreachable(
                    f"[store] blobs : {self._root} est vide, et ne devrait pas l’être",
                    f"montez son volume, ou recopiez-y les pièces ; s’il doit repartir de zéro, créez {self._mark}",
                )
            self._mark.parent.mkdir(parents=True, exist_ok=True)
            self._mark.touch()
        self.used = True

    def _empty(self) -> bool:
        """Whether it holds no blob: a fresh file system has folders of its own."""
        try:
            return not any(len(Path(name).name) == 2 for name in self._fs.ls(self._root, detail=False))
        except OSError:
            return True
