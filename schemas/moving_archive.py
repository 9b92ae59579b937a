"""The file of a move: one zip of JSON documents and JSON lines, with a manifest of counts and checksums.

Written and read line by line, so memory does not grow with it. It is written beside its name and renamed when
it is whole. Reading trusts nothing: only the named members are looked at, none is ever unpacked to the disk,
sizes have limits, checksums are compared before anything is used, and errors say file, line and cure.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec

from ..core.errors import ConfigurationError, InvalidInput, TooLarge
from ..core.moving import parts
from .catalogue_row import is_address
from .moving_statements import entry_of

FORMAT = "stifinder-tenant"
VERSION = 1
MANIFEST = "manifest.json"
SETTINGS = "settings.json"
CATALOGUE = "catalogue.json"
PEOPLE = "learners.jsonl"
LEDGER = "statements.jsonl"
RECORD = "suggestions.jsonl"
ACHIEVEMENTS = "achievements.jsonl"
SCHEMA = "schema.json"
MEMBERS = (SETTINGS, CATALOGUE, PEOPLE, LEDGER, RECORD, ACHIEVEMENTS, SCHEMA)
MEBIBYTE = 1 << 20
LARGEST = {MANIFEST: MEBIBYTE, SETTINGS: 64 * MEBIBYTE, CATALOGUE: 1024 * MEBIBYTE, SCHEMA: MEBIBYTE}
"""Bytes of the documents that are read whole."""
LONGEST_LINE = 64 * MEBIBYTE
MOST_PACKED = 200
"""How many times smaller a large member can be packed; JSON of real data gets to about 20."""
SMALL = 16 * MEBIBYTE
"""Members up to this size can be packed as well as they like."""
_BLOCK = 1 << 20
_AGAIN = "Take the file as it was written, or export again."
_SUM = re.compile(r"[0-9a-f]{64}\Z")


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of a file in the archive.

    :param lines: how many things it holds, of a file of JSON lines.
    """

    sha256: str
    bytes: int
    lines: int | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``manifest.json``.

    :param format: always ``stifinder-tenant``.
    :param version: of the format; another one is refused.
    :param tenant: the id that the tenant had.
    :param made_by: version of Stifinder that wrote it.
    :param plugins, seed: of the installation: with others, other things are suggested.
    :param unnamed: learners of whom no account of the LMS could be named.
    :param audit_seq, audit_digest: where the record of what staff did ended.
    """

    format: str
    version: int
    tenant: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    made_at: datetime
    made_by: str
    files: dict[str, Member]
    plugins: list[str] = []
    seed: int = 0
    unnamed: int = 0
    audit_seq: int = 0
    audit_digest: str = ""


class _Versioned(msgspec.Struct):
    format: str = ""
    version: Any = None


# --- writing --------------------------------------------------------------------------------------


class Writer:
    """Writes the members of one archive, one after the other."""

    def __init__(self, archive: zipfile.ZipFile, now: datetime) -> None:
        self._archive = archive
        self._when = now.timetuple()[:6]
        self.files: dict[str, Member] = {}

    def document(self, name: str, value: Any) -> None:
        """Write one JSON document, for people to read as well."""
        self._write(name, iter([msgspec.json.format(msgspec.json.encode(value), indent=1), b"\n"]))

    def lines(self, name: str, lines: Iterable[bytes], progress: Callable[[int], None]) -> None:
        """Write JSON lines."""
        count = 0

        def ended() -> Iterator[bytes]:
            nonlocal count
            for line in lines:
                yield line
                yield b"\n"
                count += 1
                progress(1)

        self._write(name, ended())
        self.files[name] = msgspec.structs.replace(self.files[name], lines=count)

    def _write(self, name: str, blocks: Iterator[bytes]) -> None:
        info = zipfile.ZipInfo(name, self._when)
        info.compress_type = zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as stream:
            for block in blocks:
                digest.update(block)
                size += len(block)
                stream.write(block)
        self.files[name] = Member(sha256=digest.hexdigest(), bytes=size)


@contextmanager
def writing(path: Path, now: datetime, *, replace: bool = False) -> Iterator[Writer]:
    """Write an archive; it gets its name when all of it is on the disk.

    :raises ConfigurationError: when there is a file of this name, or it cannot be written.
    """
    if path.exists() and not replace:
        raise ConfigurationError(f"{path} is there already.", "Choose another name, or add --replace.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        stream = os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise ConfigurationError(
            f"{partial} cannot be written: {error.strerror}.", "Check the folder and its rights."
        ) from error
    try:
        with stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writer(archive, now)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} could not be written: {error.strerror}.", "Free space, then export again."
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


# --- reading --------------------------------------------------------------------------------------

Value = TypeVar("Value")


class MovedFile:
    """An archive that was opened: what arrives, part by part (see ``core.moving.arriving.Arriving``)."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self._reading: io.BufferedReader | None = None
        self.place = ""
        """File and line that were read last; "" between files."""
        self._infos = self._looked_at()
        self.manifest = self._read_manifest()

    def check(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Read everything once and compare sizes, counts and checksums with the manifest.

        :param progress: called with bytes read.
        :raises InvalidInput: for the first file that is not as it was written.
        """
        for name in MEMBERS:
            said = self.manifest.files[name]
            digest, size, lines = hashlib.sha256(), 0, 0
            with self._open(name) as stream:
                while block := self._block(stream, name):
                    digest.update(block)
                    size += len(block)
                    lines += block.count(b"\n")
                    progress(len(block))
            if digest.hexdigest() != said.sha256 or size != said.bytes or said.lines not in (None, lines):
                raise self._wrong(name, "It is not as it was written: its checksum is another one.")

    @cached_property
    def settings(self) -> parts.TenantSettings:
        """What the tenant chose."""
        return self._document(SETTINGS, parts.TenantSettings)

    @cached_property
    def catalogue(self) -> parts.MovedCatalogue:
        """What can be learned."""
        catalogue = self._document(CATALOGUE, parts.MovedCatalogue)
        for activity in catalogue.activities:
            if activity.address and not is_address(activity.address):
                raise InvalidInput(
                    f"{activity.address[:80]!r} is not a web address.",
                    "Correct it where the catalogue comes from, and export again.",
                    where=f"{CATALOGUE}, activity {activity.key[:80]!r}",
                )
        return catalogue

    def people(self) -> Iterator[parts.MovedLearner]:
        """Everybody who is remembered."""
        yield from self._lines(PEOPLE, msgspec.json.Decoder(parts.MovedLearner).decode)

    def ledger(self) -> Iterator[parts.LedgerEntry]:
        """What happened, in order."""
        yield from self._lines(LEDGER, entry_of)

    def record(self) -> Iterator[parts.MovedSuggestion]:
        """What was suggested."""
        yield from self._lines(RECORD, msgspec.json.Decoder(parts.MovedSuggestion).decode)

    def close(self) -> None:
        """Let go of the file that was being read."""
        if self._reading is not None:
            self._reading.close()

    def _looked_at(self) -> dict[str, zipfile.ZipInfo]:
        infos: dict[str, zipfile.ZipInfo] = {}
        for info in self._archive.infolist():
            name = info.filename
            if name not in (MANIFEST, *MEMBERS):
                raise self._wrong(name, "No export has a file of this name.")
            if name in infos:
                raise self._wrong(name, "It is there twice.")
            if info.flag_bits & 0x1:
                raise self._wrong(name, "It is encrypted.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._wrong(name, "It is packed in a way that exports are not.")
            packed = max(1, info.compress_size)
            too_well = info.file_size > SMALL and info.file_size / packed > MOST_PACKED
            if too_well or info.file_size > LARGEST.get(name, 1 << 50):
                raise TooLarge(
                    f"It would unpack to {info.file_size:,} bytes from {packed:,}.",
                    _AGAIN,
                    where=f"{self._path.name}: {name}",
                )
            infos[name] = info
        for name in (MANIFEST, *MEMBERS):
            if name not in infos:
                raise self._wrong(name, "It is missing.")
        return infos

    def _read_manifest(self) -> Manifest:
        try:
            with self._open(MANIFEST) as stream:
                body = self._block(stream, MANIFEST, LARGEST[MANIFEST])
            claimed = msgspec.json.decode(body, type=_Versioned)
            if claimed.format != FORMAT:
                raise self._wrong(MANIFEST, "This is no export of a tenant.")
            if claimed.version != VERSION:
                raise InvalidInput(
                    f"The file has version {claimed.version!r} of the format; this one reads {VERSION}.",
                    "Import it with the version of Stifinder that wrote it, or export again with this one.",
                    where=f"{self._path.name}: {MANIFEST}",
                )
            manifest = msgspec.json.decode(body, type=Manifest)
        except msgspec.DecodeError as error:
            raise self._wrong(MANIFEST, f"{error}.") from None
        if set(manifest.files) != set(MEMBERS) or not all(
            _SUM.match(member.sha256) for member in manifest.files.values()
        ):
            raise self._wrong(MANIFEST, "It does not list the files of an export with their checksums.")
        for name, member in manifest.files.items():
            if self._infos[name].file_size != member.bytes:
                raise self._wrong(name, "It is not as it was written: its size is another one.")
        return manifest

    def _wrong(self, name: str, what: str, line: int | None = None) -> InvalidInput:
        place = f"{self._path.name}: {name!r}" if name not in (MANIFEST, *MEMBERS) else name
        return InvalidInput(what, _AGAIN, where=place if line is None else f"{place}, line {line}")

    def _open(self, name: str) -> io.BufferedReader:
        try:
            # Much faster than reading lines from the member itself.
            return io.BufferedReader(cast(io.RawIOBase, self._archive.open(self._infos[name])), _BLOCK)
        except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError) as error:
            raise self._wrong(name, f"It cannot be read: {error}.") from error

    def _block(self, stream: io.BufferedReader, name: str, size: int = _BLOCK) -> bytes:
        try:
            return stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise self._wrong(name, f"It is damaged: {error}.") from error

    def _document(self, name: str, kind: type[Value]) -> Value:
        with self._open(name) as stream:
            body = self._block(stream, name, LARGEST[name])
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise self._wrong(name, f"{error}.") from None

    def _lines(self, name: str, read: Callable[[bytes], Value]) -> Iterator[Value]:
        with self._open(name) as self._reading:
            stream, number = self._reading, 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise TooLarge("The line is too long.", _AGAIN, where=f"{name}, line {number}")
                try:
                    value = read(line)
                except msgspec.DecodeError as error:
                    raise self._wrong(name, f"{error}.", number) from None
                except InvalidInput as error:
                    place = f", {error.where}" if error.where else ""
                    what = error.what.removeprefix(f"{error.where}: ")
                    raise InvalidInput(what, error.cure, where=f"{name}, line {number}{place}") from None
                self.place = f"{name}, line {number}"
                yield value
        self.place = ""


@contextmanager
def reading(path: Path) -> Iterator[MovedFile]:
    """Open an archive.

    :raises ConfigurationError: when there is no such file, or it may not be read.
    :raises InvalidInput: when it is no export, of another version, incomplete, or dangerous.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", "Check its name and rights."
        ) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InvalidInput(f"{path} is no zip file, or is cut short: {error}.", _AGAIN) from error
    with archive:
        moved = MovedFile(archive, path)
        try:
            yield moved
        except InvalidInput as error:
            if error.where or not moved.place:
                raise
            raise type(error)(error.what, error.cure, where=moved.place) from None
        finally:
            moved.close()
