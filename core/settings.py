"""The one place where configuration is read: environment first, then ``stifinder.toml``, then the defaults.

``docs/configuration.md`` lists every setting; a test keeps it complete.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from .errors import ConfigurationError, InvalidInput
from .outgoing_policy import Policy

FILE_NAME = "stifinder.toml"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "STIFINDER_DATA_DIR": "data_dir",
        "DATABASE_URL": "database_url",
        "REDIS_URL": "redis_url",
        "STIFINDER_BASE_URL": "base_url",
        "STIFINDER_HOST": "host",
        "STIFINDER_PORT": "port",
        "STIFINDER_SECRET_KEY": "secret_key",  # nosec B105 # the name of a setting
        "STIFINDER_SEED": "seed",
        "STIFINDER_ALLOW_PRIVATE": "allow_private",
        "STIFINDER_DEVELOPMENT": "development",
        "STIFINDER_OPEN_REGISTRATION": "open_registration",
        "STIFINDER_TRUSTED_PROXIES": "trusted_proxies",
    }
)
"""Environment variables, and the key of the file that each overrides."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one xAPI request may ask of us, and how often somebody may ask in a minute.

    :param xapi_body_bytes: of the body, after transfer decoding.
    :param xapi_batch: statements in one request.
    :param xapi_depth: objects and arrays inside each other.
    :param launches_per_minute: logins, launches, and visits to each other page that needs no login, from one
        address; a whole firm may have but one.
    :param attempts_per_minute: visits to each page that makes an LMS known or signs somebody in, per address.
    :param failures_per_minute: wrong passwords for a name, or wrong tokens, per address.
    :param api_per_minute: calls of the API with one token.
    """

    xapi_body_bytes: int = 5_000_000
    xapi_batch: int = 1000
    xapi_depth: int = 50
    launches_per_minute: int = 20_000
    attempts_per_minute: int = 60
    failures_per_minute: int = 30
    api_per_minute: int = 600


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """Which plugins take part besides those that entry points announce, and what each is told.

    :param load: ``module`` or ``module:object``, in order.
    :param disable: names of plugins that take no part.
    :param apart: names of plugins that run in processes of their own.
    :param settings: plugin name to its own table, handed to its ``configure`` hook.
    """

    load: tuple[str, ...] = ()
    disable: frozenset[str] = frozenset()
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: MappingProxyType({}))
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, checked.

    :param data_dir: where Stifinder keeps its files; made when first written to.
    :param database_url: an SQLAlchemy URL; an SQLite file in ``data_dir`` unless said otherwise.
    :param redis_url: where the queue of work beside the pages lives; "" means a file in ``data_dir``.
    :param base_url: the address at which browsers and the LMS reach us, without a slash at its end;
        https, except on this machine itself.
    :param host, port: where ``stifinder serve`` listens; port 0 takes a free one.
    :param secret: from ``STIFINDER_SECRET_KEY``; "" means the key file in ``data_dir`` (``core.secrets``).
    :param seed: where randomness starts; same state, clock and seed give the same suggestions.
    :param allow_private: host names and networks that the tool may call although they are not public.
    :param development: whether this machine may be called, also by http; :meth:`read` takes it as meant
        when ``base_url`` is http, for then nobody else can use the tool.
    :param open_registration: whether an LMS may register without an invitation; it then waits for a yes.
    :param trusted_proxies: how many proxies of ours stand in front, each adding to ``X-Forwarded-For`` whom
        it heard; 0 takes whoever connects as the client.
    :param file: the file that was read; None when there was none.
    """

    data_dir: Path
    database_url: str
    base_url: str
    host: str = "127.0.0.1"
    port: int = 8080
    secret: str = field(default="", repr=False)
    seed: int = 0
    limits: Limits = Limits()
    plugins: PluginSettings = field(default_factory=PluginSettings)
    allow_private: tuple[str, ...] = ()
    development: bool = False
    open_registration: bool = False
    trusted_proxies: int = 0
    redis_url: str = field(default="", repr=False)
    file: Path | None = None

    @property
    def outgoing(self) -> Policy:
        """What may be called when the address came from outside.

        :raises InvalidInput: for an entry of ``allow_private`` that is neither host name nor network.
        """
        return Policy.of(self.allow_private, development=self.development)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, so that cookies can be ``Secure``."""
        return self.base_url.startswith("https://")

    @classmethod
    def read(cls, environ: Mapping[str, str], file: Path | None = None) -> Settings:
        """Read the configuration.

        :param environ: usually ``os.environ``; an empty value counts as not set.
        :param file: a TOML file that must exist; None takes ``STIFINDER_CONFIG``, else ``stifinder.toml`` in
            the working directory if there is one.
        :raises ConfigurationError: for an unknown key (names the nearest right one) or a wrong value.
        """
        file = _find(environ, file)
        values = _load(file) if file else {}
        where = str(file) if file else "the environment"
        limits = _limits(_table(values, "limits", where), where)
        plugins = _plugins(_table(values, "plugins", where), where)
        origin = dict.fromkeys(values, where)
        for variable, key in VARIABLES.items():
            if environ.get(variable):
                values[key], origin[key] = environ[variable], f"environment variable {variable}"

        text = {
            key: _text(values[key], key, origin[key])
            for key in ("data_dir", "database_url", "redis_url", "base_url", "host", "secret_key")
            if key in values
        }
        port = _whole(values.get("port", 8080), "port", origin.get("port", ""), most=65535)
        seed = _whole(values.get("seed", 0), "seed", origin.get("seed", ""), most=2**63 - 1)
        data_dir = _data_dir(text.get("data_dir", ""), environ, file)
        base_url = _address(
            text.get("base_url") or f"http://127.0.0.1:{port or 8080}", origin.get("base_url", "")
        )
        development = values.get("development", base_url.startswith("http:"))
        return cls(
            data_dir=data_dir,
            database_url=text.get("database_url") or f"sqlite:///{data_dir / 'stifinder.db'}",
            redis_url=text.get("redis_url", ""),
            base_url=base_url,
            host=text.get("host") or "127.0.0.1",
            port=port,
            secret=text.get("secret_key", ""),
            seed=seed,
            limits=limits,
            plugins=plugins,
            allow_private=_allowed(values.get("allow_private", []), origin.get("allow_private", "")),
            development=_yes_or_no(development, "development", origin.get("development", "")),
            open_registration=_yes_or_no(
                values.get("open_registration", False),
                "open_registration",
                origin.get("open_registration", ""),
            ),
            trusted_proxies=_whole(
                values.get("trusted_proxies", 0),
                "trusted_proxies",
                origin.get("trusted_proxies", ""),
                most=10,
            ),
            file=file,
        )


KEYS = frozenset({*VARIABLES.values(), "limits", "plugins"})
"""The keys that the file may have at its top."""


def _find(environ: Mapping[str, str], file: Path | None) -> Path | None:
    named = file or (Path(environ["STIFINDER_CONFIG"]) if environ.get("STIFINDER_CONFIG") else None)
    if named is None:
        usual = Path(FILE_NAME)
        try:
            return usual.resolve() if usual.is_file() else None
        except PermissionError as error:
            raise ConfigurationError(
                f"Whether there is a {usual} in the working directory cannot be seen: {error.strerror}.",
                "Change to a folder that this user may read, or name the file with --config.",
            ) from error
    if not named.is_file():
        raise ConfigurationError(
            f"There is no configuration file {named}.", "Correct --config or STIFINDER_CONFIG."
        )
    return named.resolve()


def _load(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            values = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not TOML: {error}.", "Correct it there.") from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", "Check its rights.") from error
    _only(values, KEYS, str(file))
    return values


def _only(values: Mapping[str, object], known: frozenset[str], where: str) -> None:
    """Refuse keys that nobody reads: a typing error must not pass in silence."""
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            cure = f"Did you mean `{near[0]}`?" if near else f"Known are: {', '.join(sorted(known))}."
            raise ConfigurationError(f"{where}: unknown setting `{key}`.", cure)


def _table(values: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    table = values.pop(key, {})
    if not isinstance(table, dict):
        raise ConfigurationError(
            f"{where}: `{key}` is {table!r}, not a table.", f"Write [{key}] on its own line."
        )
    return table


def _text(value: object, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{where}: `{key}` is {value!r}, not a text.", "Put it in quotes.")
    return value


def _whole(value: object, key: str, where: str, *, least: int = 0, most: int) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigurationError(
            f"{where}: `{key}` is {value!r}.", f"Give a whole number from {least} to {most}."
        )
    return value


def _yes_or_no(value: object, key: str, where: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = words.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ConfigurationError(f"{where}: `{key}` is {value!r}.", "Say true or false.")
    return found


def _allowed(value: object, where: str) -> tuple[str, ...]:
    """Host names and networks: a list, or in the environment a text with commas."""
    entries = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ConfigurationError(
            f"{where}: `allow_private` is {value!r}.", 'Give a list of texts, like ["lms.intern"].'
        )
    given = tuple(entry for entry in entries if entry)
    try:
        Policy.of(given)
    except InvalidInput as error:
        raise ConfigurationError(f"{where}: `allow_private`: {error.what}", error.cure) from error
    return given


def _data_dir(value: str, environ: Mapping[str, str], file: Path | None) -> Path:
    """The user's data folder unless said otherwise (XDG Base Directory Specification)."""
    if not value:
        usual = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        return Path(environ.get("XDG_DATA_HOME") or usual / ".local" / "share") / "stifinder"
    path = Path(value).expanduser()
    from_file = file is not None and not environ.get("STIFINDER_DATA_DIR")
    return (file.parent / path if from_file and file else path).absolute()


def _address(value: str, where: str) -> str:
    prefix = f"{where}: " if where else ""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{prefix}`base_url` is {value!r}, not an address.", "Write it like https://learn.example.com."
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(
            f"{prefix}`base_url` is {value!r}: browsers keep our cookies inside an LMS only over https.",
            "Put a proxy with a certificate in front, and give its https address.",
        )
    return value.rstrip("/")


def _limits(table: dict[str, Any], where: str) -> Limits:
    where = f"{where} [limits]"
    _only(table, frozenset(f.name for f in fields(Limits)), where)
    return Limits(**{key: _whole(value, key, where, least=1, most=10**9) for key, value in table.items()})


def _plugins(table: dict[str, Any], where: str) -> PluginSettings:
    where = f"{where} [plugins]"
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("load", "disable", "apart"):
        value = table.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ConfigurationError(
                f"{where}: `{key}` is {value!r}.", 'Give a list of texts, like ["my_package.plugin"].'
            )
        lists[key] = tuple(value)
    loose = {key: value for key, value in table.items() if not isinstance(value, dict)}
    _only(loose, frozenset(lists), where)
    settings = MappingProxyType({name: MappingProxyType(dict(own)) for name, own in table.items()})
    disable, apart = frozenset(lists["disable"]), frozenset(lists["apart"])
    return PluginSettings(lists["load"], disable, settings, apart)
