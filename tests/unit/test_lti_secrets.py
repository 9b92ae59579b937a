"""The master key: where it comes from, who may read it, and what happens with a wrong one."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stifinder.core.errors import ConfigurationError
from stifinder.core.secrets import Secrets

KEY = "a key that is used in tests only"


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    made = Secrets.open(tmp_path / "new")
    file = tmp_path / "new" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]
    assert Secrets.open(tmp_path / "new").derive("visit") == made.derive("visit")


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Secrets.open(tmp_path).derive("visit"), range(16)))
    assert len(keys) == 1


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    assert Secrets.open(tmp_path, KEY).derive("visit") == Secrets(KEY).derive("visit")
    assert list(tmp_path.iterdir()) == []


def test_each_purpose_has_a_key_of_its_own() -> None:
    purposes = ("visit", "login-state", "csrf", "identity", "encryption")
    keys = {Secrets(KEY).derive(purpose) for purpose in purposes}
    assert len(keys) == len(purposes)
    assert {len(key) for key in keys} == {32}


def test_what_was_encrypted_can_be_opened_again() -> None:
    sealed = Secrets(KEY).encrypt(b"a private key")
    assert b"private" not in sealed
    assert Secrets(KEY).decrypt(sealed) == b"a private key"


def test_a_wrong_master_key_says_so() -> None:
    sealed = Secrets(KEY).encrypt(b"a private key")
    with pytest.raises(ConfigurationError, match=r"wrong key.*Put back the key"):
        Secrets(KEY + "!").decrypt(sealed)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has 5 characters; 32 are the least"):
        Secrets("short")


def test_an_emptied_key_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    with pytest.raises(ConfigurationError, match="0 characters"):
        Secrets.open(tmp_path)
    assert file.read_text() == ""


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Secrets.open(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Secrets.open(tmp_path)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Secrets.open(tmp_path / "file")
