"""Configuration: what is read from where, and that a mistake is named together with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from stifinder.core.errors import ConfigurationError
from stifinder.core.settings import KEYS, VARIABLES, Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "stifinder.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_with_nothing_set_everything_has_a_default_in_the_users_data_folder(write):
    settings = Settings.read({"HOME": "/home/user"})
    assert settings.data_dir == Path("/home/user/.local/share/stifinder")
    assert settings.database_url == "sqlite:////home/user/.local/share/stifinder/stifinder.db"
    assert settings.base_url == "http://127.0.0.1:8080"
    assert not settings.secure


def test_the_xdg_folder_is_respected(write):
    assert Settings.read({"XDG_DATA_HOME": "/data"}).data_dir == Path("/data/stifinder")


def test_the_file_in_the_working_directory_is_read_and_the_environment_wins_over_it(write):
    write('base_url = "https://file.example.com/"\nport = 9000\nseed = 3\n')
    settings = Settings.read({"STIFINDER_PORT": "9001"})
    assert (settings.base_url, settings.port, settings.seed) == ("https://file.example.com", 9001, 3)
    assert settings.secure


def test_a_named_file_is_read_instead(write):
    write("seed = 1")
    other = write("seed = 2", "other.toml")
    assert Settings.read({"STIFINDER_CONFIG": str(other)}).seed == 2
    assert Settings.read({}, other).seed == 2


def test_a_relative_data_folder_in_a_file_is_relative_to_the_file(write, tmp_path):
    assert Settings.read({}, write('data_dir = "here"')).data_dir == tmp_path / "here"


def test_plugins_come_with_their_own_tables(write):
    write('[plugins]\nload = ["a.b", "c:d"]\ndisable = ["peers"]\n[plugins.spacing]\nretention = 0.85\n')
    plugins = Settings.read({}).plugins
    assert plugins.load == ("a.b", "c:d")
    assert plugins.disable == {"peers"}
    assert plugins.settings["spacing"]["retention"] == 0.85


def test_an_intranet_is_opened_in_the_file_or_with_commas_in_the_environment(write):
    write('allow_private = ["lms.intern", "10.20.0.0/16"]')
    assert Settings.read({}).allow_private == ("lms.intern", "10.20.0.0/16")
    policy = Settings.read({"STIFINDER_ALLOW_PRIVATE": "other.intern, 10.30.0.0/16"}).outgoing
    assert policy.refusal("other.intern", "192.168.0.1") == policy.refusal("x", "10.30.0.1") == ""
    assert policy.refusal("lms.intern", "192.168.0.1")


def test_development_is_on_only_where_nobody_else_can_use_the_tool_unless_said(write):
    https = {"STIFINDER_BASE_URL": "https://learn.example.com"}
    assert Settings.read({}).development
    assert not Settings.read(https).development
    assert not Settings.read({"STIFINDER_DEVELOPMENT": "false"}).development
    assert Settings.read({**https, "STIFINDER_DEVELOPMENT": "1"}).outgoing.development


def test_proxies_are_trusted_only_when_they_are_counted(write):
    assert Settings.read({}).trusted_proxies == 0
    assert Settings.read({"STIFINDER_TRUSTED_PROXIES": "2"}).trusted_proxies == 2


def test_limits_can_be_set_one_by_one(write):
    write("[limits]\nxapi_batch = 50\n")
    limits = Settings.read({}).limits
    assert (limits.xapi_batch, limits.xapi_depth) == (50, 50)


@pytest.mark.parametrize(
    ("text", "wrong", "cure"),
    [
        ("prot = 8080", "prot", "`port`"),
        ("[limits]\nxapi_bach = 5", "xapi_bach", "`xapi_batch`"),
        ('[plugins]\nlaod = ["x"]', "laod", "`load`"),
        ("colour = 1", "colour", "base_url"),
        ("port = 99999", "99999", "65535"),
        ("port = true", "True", "whole number"),
        ("trusted_proxies = 11", "11", "0 to 10"),
        ("[limits]\napi_per_minute = 0", "0", "from 1"),
        ('seed = "x"', "'x'", "whole number"),
        ("data_dir = 5", "5", "quotes"),
        ("limits = 5", "5", "[limits]"),
        ("[limits]\nxapi_batch = 0", "0", "from 1"),
        ('[plugins]\nload = "x"', "'x'", "list"),
        ("port = ", "not TOML", "Correct it"),
        ('base_url = "learn.example.com"', "learn.example.com", "https://"),
        ('base_url = "http://learn.example.com"', "only over https", "certificate"),
        ('allow_private = ["10.0.0.5/8"]', "10.0.0.5/8", "10.1.0.0/16"),
        ("allow_private = [5]", "[5]", "list"),
        ('development = "perhaps"', "perhaps", "true or false"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_the_file_and_the_cure(write, text, wrong, cure):
    path = write(text)
    with pytest.raises(ConfigurationError) as caught:
        Settings.read({})
    assert wrong in caught.value.what
    assert str(path) in caught.value.what
    assert cure in caught.value.cure


def test_a_mistake_in_a_variable_names_the_variable(write):
    with pytest.raises(ConfigurationError, match="STIFINDER_PORT"):
        Settings.read({"STIFINDER_PORT": "eighty"})


def test_a_file_that_was_named_must_exist(write, tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        Settings.read({}, tmp_path / "nowhere.toml")


def test_the_secret_is_not_shown_when_settings_are_printed(write):
    assert "hush" not in repr(Settings.read({"STIFINDER_SECRET_KEY": "hush" * 10}))


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    missing = [name for name in (*VARIABLES, *KEYS) if f"`{name}`" not in text and f"[{name}]" not in text]
    assert not missing
