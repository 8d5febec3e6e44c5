"""Settings: every one is documented, and a wrong one is named."""

import re
from pathlib import Path

import pytest

from server import create_app
from server.settings import Settings, SettingsError, described

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.+?) \|$", DOCUMENT.read_text(), re.M)
    documented = {name: default.strip("` ") for name, default, _ in rows}
    assert documented == {name: default or "–" for name, default, _ in described()}


def test_settings_have_defaults_that_work_without_any_variable() -> None:
    settings = Settings.from_env({})
    assert settings.port == 8000
    assert settings.objects == "var/objects"
    assert settings.signing_key == Path("var/keys/signing.pem")


def test_files_follow_the_data_folder() -> None:
    settings = Settings.from_env({"LIMBER_DATA": "/srv/limber"})
    assert settings.objects == "/srv/limber/objects"
    assert settings.signing_key == Path("/srv/limber/keys/signing.pem")
    assert (
        Settings.from_env({"LIMBER_DATA": "/srv/limber", "LIMBER_OBJECTS": "s3://b/p"}).objects == "s3://b/p"
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_postgresql_url_names_the_driver_that_is_installed(scheme: str) -> None:
    settings = Settings.from_env({"DATABASE_URL": f"{scheme}://me:p%40ss@host:5433/name?host=%2Ftmp%2Fx"})
    assert settings.require_database_url().startswith("postgresql+psycopg://me:p%40ss@host:5433/name")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:///x.db"),
        ("DATABASE_URL", "nonsense"),
        ("LIMBER_PORT", "http"),
        ("LIMBER_PORT", "0"),
        ("LIMBER_PORT", "70000"),
        ("LIMBER_WORKERS", "-1"),
        ("LIMBER_PUBLIC_URL", "limber.example"),
        ("LIMBER_PUBLIC_URL", "http://["),
        ("LIMBER_MAX_BODY_BYTES", "1e6"),
        ("LIMBER_PAGE_LIMIT", "0"),
        ("LIMBER_TOMBSTONE_DAYS", "soon"),
        ("LIMBER_POOL_SIZE", "0"),
        ("LIMBER_LOG_LEVEL", "loud"),
        ("LIMBER_HOST", "two words"),
        ("LIMBER_DATA", "a\x00b"),
    ],
)
def test_a_malformed_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.from_env({name: value})


def test_a_misspelt_setting_is_refused_and_the_right_name_offered() -> None:
    with pytest.raises(SettingsError, match=r"^LIMBER_PROT: unknown setting; did you mean LIMBER_PORT\?"):
        Settings.from_env({"LIMBER_PROT": "1"})


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"LIMBER_PORT": ""}).port == 8000


def test_a_server_without_a_database_says_so() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL: not set"):
        create_app(Settings())


def test_a_store_that_cannot_be_understood_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^LIMBER_OBJECTS: "):
        create_app(Settings(database_url="postgresql+psycopg://x/y", objects="ftp://x"))
