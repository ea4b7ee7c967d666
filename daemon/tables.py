"""The TOML's raw tables made ready for the models of `config`: paths absolute, URLs taken apart, secrets read.

Here because pydantic's own messages name neither the file on disk nor what to do about it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

PROVIDERS = ("achatpublic", "dematis", "kercia", "exm", "foxit", "certigna", "yousign")
SECRET_KEYS = ("password_file", "password_credential", "password_env")
PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143, "smtps": 465, "smtp+starttls": 587, "smtp": 25}


class KeyProblem(Exception):  # noqa: N818 - becomes a ConfigurationError in `config`
    """A key of the TOML that is wrong, why, and what to do."""

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        super().__init__(key, problem, remedy)
        self.key, self.problem, self.remedy = key, problem, remedy


class Preparation:
    """Turns raw tables into what the models take: absolute paths, URLs taken apart, secrets read."""

    def __init__(self, folder: Path, env: Mapping[str, str], *, secrets: bool = True) -> None:
        self.folder, self.env, self.secrets = folder, env, secrets

    def whole(self, raw: dict[str, Any]) -> dict[str, Any]:
        """All tables. Raises KeyProblem; what has the wrong type altogether is left for pydantic to refuse."""
        out = dict(raw)
        if "file" in out:
            raise KeyProblem("file", "clé inconnue", "retirez-la")
        if isinstance(groups := raw.get("groups"), list):
            out["groups"] = [self._group(g) for g in groups]
        if isinstance(store := raw.get("store"), dict):
            out["store"] = self._store(store)
        if isinstance(boxes := raw.get("mailbox"), list):
            out["mailbox"] = [
                self._mail(f"[[mailbox]] nº {n}", b, ("imaps", "imap+starttls", "imap", "maildir"))
                for n, b in enumerate(boxes, 1)
            ]
        if isinstance(outgoing := raw.get("outgoing"), dict):
            out["outgoing"] = self._mail("[outgoing]", outgoing, ("smtps", "smtp+starttls", "smtp", "maildir"))
        self._path(out, "members", "file", folder=False)
        self._path(out, "trust", "anchors", folder=None)
        self._path(out, "letters", "templates", folder=True)
        self._names(out)
        return out

    def _group(self, name: object) -> object:
        if not isinstance(name, str) or not (name.endswith((".yaml", ".yml")) or "/" in name):
            return name
        return str(self._existing("groups", name, folder=False))

    def _names(self, out: Mapping[str, Any]) -> None:
        """Groups named elsewhere are the ones listed; one mailbox a group; provider keys are known."""
        groups = [g for g in out.get("groups") or () if isinstance(g, str)]
        ids = [_group_id(g) for g in groups]
        known = None if None in ids else {i for i in ids if i is not None}
        seen: set[str] = set()
        for n, box in enumerate(out.get("mailbox") or (), 1):
            group = box.get("group") if isinstance(box, dict) else None
            if isinstance(group, str):
                self._listed(f"[[mailbox]] nº {n}, group", group, known)
                if group in seen:
                    raise KeyProblem(
                        f"[[mailbox]] nº {n}, group", f"« {group} » a déjà une boîte", "une boîte par groupement"
                    )
                seen.add(group)
        for name in ("coordinators", "school_holidays"):
            table = out.get(name)
            for group in table if isinstance(table, dict) else ():
                self._listed(f"[{name}] {group}", group, known)
        providers = out.get("providers")
        if isinstance(providers, dict) and not any("/" in g for g in groups):
            for key in providers:  # a group of one's own may bring providers of its own
                if key not in PROVIDERS:
                    raise KeyProblem(f"[providers] {key}", "prestataire inconnu", nearest(key, PROVIDERS))

    @staticmethod
    def _listed(key: str, group: str, known: set[str] | None) -> None:
        if known is not None and group not in known:
            raise KeyProblem(key, f"le groupement « {group} » n’est pas dans groups", nearest(group, sorted(known)))

    def _store(self, table: dict[str, Any]) -> dict[str, Any]:
        out = self._secret("[store]", table)
        self._file(out, "[store]", "ca_file")
        if isinstance(database := table.get("database"), str):
            out["database"] = self._database(database)
        if isinstance(blobs := table.get("blobs"), str):
            scheme, _, rest = blobs.rpartition("://")
            if scheme in ("", "file"):
                folder = self.folder / rest
                self._reachable("[store] blobs", folder)
                out["blobs"] = f"file://{folder}"
        return out

    def _database(self, url: str) -> str:
        key = "[store] database"
        self._no_password(key, url)
        scheme, _, rest = url.partition("://")
        if scheme == "sqlite":
            path = self.folder / rest.removeprefix("/")
            if not rest.startswith("/") or rest == "/":
                raise KeyProblem(key, "URL mal formée", "écrivez sqlite:////chemin/absolu.db ou sqlite:///relatif.db")
            self._reachable(key, path.parent)
            return f"sqlite:///{path}"
        if scheme in ("postgresql", "postgresql+psycopg"):
            from sqlalchemy import make_url
            from sqlalchemy.exc import ArgumentError

            try:
                make_url(url)
            except (ArgumentError, ValueError):
                raise KeyProblem(key, "URL mal formée", "écrivez postgresql://utilisateur@serveur:port/base") from None
            return url
        raise KeyProblem(key, f"base « {scheme} » inconnue", "employez sqlite:/// ou postgresql://")

    def _mail(self, where: str, table: object, schemes: Sequence[str]) -> object:
        if not isinstance(table, dict):
            return table
        out = self._secret(where, table)
        self._file(out, where, "ca_file")
        if isinstance(url := table.get("url"), str):
            out["url"] = endpoint = self._endpoint(f"{where}, url", url, schemes)
            if self.secrets and endpoint.get("user") and "password" not in out:
                raise KeyProblem(
                    where,
                    f"mot de passe de « {endpoint['user']} » absent",
                    f"ajoutez {', '.join(SECRET_KEYS[:-1])} ou password_env",
                )
        return out

    def _endpoint(self, key: str, url: str, schemes: Sequence[str]) -> dict[str, Any]:
        self._no_password(key, url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as e:
            raise KeyProblem(key, f"URL mal formée ({e})", f"écrivez {schemes[0]}://utilisateur@serveur:port") from None
        if parts.scheme not in schemes:
            raise KeyProblem(key, f"« {parts.scheme}:// » n’est pas admis ici", f"employez {', '.join(schemes)}")
        if parts.query or parts.fragment:
            raise KeyProblem(key, "URL mal formée (ni « ? » ni « # »)", "retirez ce qui suit le chemin")
        if parts.scheme == "maildir":
            path = self.folder / unquote(parts.netloc + parts.path)
            if schemes[0] == "imaps" and not path.is_dir():
                raise KeyProblem(key, f"le dossier {path} n’existe pas", "créez-le, ou corrigez le chemin")
            self._reachable(key, path)
            return {"scheme": "maildir", "path": str(path)}
        if not parts.hostname:
            raise KeyProblem(key, "URL sans serveur", f"écrivez {parts.scheme}://utilisateur@serveur")
        if parts.scheme.startswith("imap") and not parts.username:
            raise KeyProblem(key, "URL sans utilisateur", f"écrivez {parts.scheme}://utilisateur@serveur")
        folder = unquote(parts.path.strip("/"))
        if folder and parts.scheme.startswith("smtp"):
            raise KeyProblem(key, "URL avec un chemin", f"écrivez {parts.scheme}://utilisateur@serveur")
        return {
            "scheme": parts.scheme,
            "host": parts.hostname,
            "port": port or PORTS[parts.scheme],
            "user": unquote(parts.username) if parts.username else None,
            "path": folder or ("INBOX" if parts.scheme.startswith("imap") else ""),
        }

    @staticmethod
    def _no_password(key: str, url: str) -> None:
        try:
            password = urlsplit(url).password
        except ValueError:
            return  # told as a malformed URL by whoever reads it next
        if password is not None:
            raise KeyProblem(key, "mot de passe dans l’URL", "ôtez-le (et changez-le) ; donnez-le par password_file")

    def _secret(self, where: str, table: dict[str, Any]) -> dict[str, Any]:
        """The table with its secret read, under `password`, and the keys that told of it gone."""
        if "password" in table:
            raise KeyProblem(f"{where}, password", "aucun secret dans ce fichier", "ôtez-le ; employez password_file")
        out = {k: v for k, v in table.items() if k not in SECRET_KEYS}
        given = [k for k in SECRET_KEYS if k in table]
        if not given:
            return out
        if len(given) > 1:
            raise KeyProblem(f"{where}, {given[1]}", f"{given[0]} est déjà là", "gardez une seule source de secret")
        key, value = f"{where}, {given[0]}", table[given[0]]
        if not isinstance(value, str) or not value:
            raise KeyProblem(key, "texte attendu", "écrivez un nom entre guillemets")
        if not (self.secrets or where == "[store]"):
            return out
        secret = self._read_secret(key, given[0], value)
        if not secret:
            raise KeyProblem(key, "le secret est vide", "écrivez-y le mot de passe, seul, sur une ligne")
        out["password"] = SecretStr(secret)
        return out

    def _read_secret(self, key: str, kind: str, value: str) -> str:
        if kind == "password_env":
            if value not in self.env:
                raise KeyProblem(key, f"la variable {value} n’est pas définie", "définissez-la avant de lancer")
            return self.env[value]
        if kind == "password_credential":
            credentials = self.env.get("CREDENTIALS_DIRECTORY")
            if not credentials:
                raise KeyProblem(key, "aucun dossier de secrets systemd", f"ajoutez LoadCredential={value}:… à l’unité")
            path = Path(credentials) / value
            remedy = f"ajoutez LoadCredential={value}:… à l’unité"
        else:
            path = self.folder / value
            remedy = "créez-le, lisible du seul démon (chmod 600)"
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as e:
            raise KeyProblem(key, f"{path} : lecture impossible ({e.strerror})", remedy) from e
        except UnicodeDecodeError as e:
            raise KeyProblem(key, f"{path} n’est pas en UTF-8", "enregistrez-le en UTF-8") from e

    def _path(self, out: dict[str, Any], table: str, name: str, *, folder: bool | None) -> None:
        if isinstance(t := out.get(table), dict) and isinstance(value := t.get(name), str):
            out[table] = {**t, name: self._existing(f"[{table}] {name}", value, folder=folder)}

    def _file(self, out: dict[str, Any], where: str, name: str) -> None:
        if isinstance(value := out.get(name), str):
            out[name] = self._existing(f"{where}, {name}", value, folder=False)

    def _existing(self, key: str, value: str, *, folder: bool | None) -> Path:
        """An absolute path that is there and can be read; `folder` None: a file or a folder."""
        path = self.folder / value
        try:
            right = path.exists() if folder is None else path.is_dir() if folder else path.is_file()
        except OSError:  # a parent that may not be entered, a name too long
            right = False
        if not right:
            what = "dossier" if folder else "fichier"
            raise KeyProblem(key, f"{what} introuvable : {path}", "créez-le, ou corrigez le chemin")
        if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise KeyProblem(key, f"{path} : lecture interdite", "donnez le droit de lecture à ce compte")
        return path

    @staticmethod
    def _reachable(key: str, folder: Path) -> None:
        """A folder that is there and writable, or that can be made."""
        place = folder
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise KeyProblem(key, f"{place} n’est pas un dossier", "corrigez le chemin")
        if not os.access(place, os.W_OK | os.X_OK):
            raise KeyProblem(key, f"dossier inaccessible : {folder}", "créez-le et donnez-le au compte du démon")


def _group_id(group: str) -> str | None:
    """A listed group's name: itself where shipped, what the YAML at its path says; None where unreadable.

    The rules' own loader says what is wrong with it, with line numbers: no other complaint may come before.
    """
    if "/" not in group:
        return group
    import yaml

    try:
        told = yaml.safe_load(Path(group).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    name = told.get("id") if isinstance(told, dict) else None
    return name if isinstance(name, str) else None


def nearest(word: str, known: Sequence[str]) -> str:
    """The remedy for a mistyped name."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"vouliez-vous dire « {near[0]} » ?" if near else f"admis : {', '.join(known)}"
