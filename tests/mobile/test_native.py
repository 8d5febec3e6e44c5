"""The projects for Xcode and Gradle that Expo makes of the app: what they ask of a phone, and what they link.

Nothing is compiled here: that takes a Mac, or Android's SDK. No network is used.
"""

import json
import os
import plistlib
import re
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOBILE = ROOT / "mobile"
ANDROID = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"
QUIET = {"CI": "1", "EXPO_OFFLINE": "1", "EXPO_NO_TELEMETRY": "1", "NPM_CONFIG_UPDATE_NOTIFIER": "false"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("node")]


def load_library() -> ModuleType:
    spec = spec_from_file_location("mobile_lib", ROOT / "scripts" / "mobile_lib.py")
    assert spec is not None
    assert spec.loader is not None
    library = module_from_spec(spec)
    spec.loader.exec_module(library)
    return library


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [str(folder / "node_modules" / ".bin" / command[0]), *command[1:]], cwd=folder, env={**os.environ, **QUIET},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages() -> Path:
    """The app's folder with its packages installed."""
    library = load_library()
    try:
        library.node()
    except library.MobileError as error:
        pytest.skip(str(error))
    library.ready()
    return MOBILE


@pytest.fixture(scope="module")
def made(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the app with the native projects that Expo makes of it."""
    folder = tmp_path_factory.mktemp("native")
    for name in ("app.json", "package.json"):
        shutil.copy(packages / name, folder)
    for name in ("plugins", "assets"):
        shutil.copytree(packages / name, folder / name)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    run(folder, "expo", "prebuild", "--no-install")
    return folder


@pytest.fixture(scope="module")
def manifest(made: Path) -> ElementTree.Element:
    return ElementTree.parse(made / "android/app/src/main/AndroidManifest.xml").getroot()


@pytest.fixture(scope="module")
def info(made: Path) -> dict[str, Any]:
    return dict(plistlib.loads((made / "ios/Limber/Info.plist").read_bytes()))


def version_of(package: str) -> str:
    described = json.loads((MOBILE / "node_modules" / package / "package.json").read_text())
    return str(described["version"])


def test_onnxruntime_is_the_version_that_the_vectors_are_proved_with(made: Path) -> None:
    version = version_of("onnxruntime-react-native")
    assert version == version_of("onnxruntime-web")
    gradle = (made / "android/build.gradle").read_text()
    assert f"resolutionStrategy.force 'com.microsoft.onnxruntime:onnxruntime-android:{version}'" in gradle
    target = (made / "ios/Podfile").read_text().partition("target 'Limber' do")[2]
    assert f"pod 'onnxruntime-c', '{version}'" in target


def test_android_asks_for_these_permissions_and_no_others(manifest: ElementTree.Element) -> None:
    asked: set[str] = set()
    refused: set[str] = set()
    for entry in manifest.findall("uses-permission"):
        name = entry.attrib[f"{ANDROID}name"].removeprefix("android.permission.")
        (refused if entry.attrib.get(f"{TOOLS}node") == "remove" else asked).add(name)
    assert asked == {
        "INTERNET", "MODIFY_AUDIO_SETTINGS", "POST_NOTIFICATIONS", "VIBRATE", "health.WRITE_EXERCISE",
    }  # fmt: skip
    assert refused == {
        "READ_EXTERNAL_STORAGE", "RECORD_AUDIO", "SYSTEM_ALERT_WINDOW", "WRITE_EXTERNAL_STORAGE",
    }  # fmt: skip


def test_android_leaves_the_records_out_of_the_makers_backup(manifest: ElementTree.Element) -> None:
    application = manifest.find("application")
    assert application is not None
    assert application.attrib[f"{ANDROID}allowBackup"] == "false"


def test_android_shows_why_it_writes_to_health_connect(made: Path, manifest: ElementTree.Element) -> None:
    actions = {entry.attrib[f"{ANDROID}name"] for entry in manifest.iter("action")}
    assert {
        "androidx.health.ACTION_SHOW_PERMISSIONS_RATIONALE",
        "android.intent.action.VIEW_PERMISSION_USAGE",
    } <= actions
    assert "android.minSdkVersion=26\n" in (made / "android/gradle.properties").read_text() + "\n"


def test_both_systems_open_links_of_the_app(manifest: ElementTree.Element, info: dict[str, Any]) -> None:
    schemes = {entry.attrib.get(f"{ANDROID}scheme") for entry in manifest.iter("data")}
    assert "limber" in schemes
    assert "limber" in info["CFBundleURLTypes"][0]["CFBundleURLSchemes"]


def test_ios_says_why_it_asks_in_both_languages_and_asks_for_nothing_else(
    made: Path, info: dict[str, Any]
) -> None:
    asked = {key for key in info if re.fullmatch(r"NS\w+UsageDescription", key)}
    assert asked == {"NSHealthShareUsageDescription", "NSHealthUpdateUsageDescription"}
    for language in ("en", "de"):
        words = (made / f"ios/Limber/Supporting/{language}.lproj/InfoPlist.strings").read_text()
        assert all(f"{key} = " in words for key in asked)
    english = json.loads((MOBILE / "plugins/words/en.json").read_text())
    assert {key: info[key] for key in asked} == english


def test_ios_may_sync_in_the_background_and_write_workouts_but_takes_no_pushes(
    made: Path, info: dict[str, Any]
) -> None:
    assert "processing" in info["UIBackgroundModes"]
    assert "audio" not in info["UIBackgroundModes"]
    assert info["BGTaskSchedulerPermittedIdentifiers"] == ["com.expo.modules.backgroundtask.processing"]
    entitlements = plistlib.loads((made / "ios/Limber/Limber.entitlements").read_bytes())
    assert entitlements == {"com.apple.developer.healthkit": True}


@pytest.mark.parametrize(
    ("platform", "health"),
    [("android", "react-native-health-connect"), ("ios", "@kingstinct/react-native-healthkit")],
)
def test_the_native_parts_are_linked(packages: Path, platform: str, health: str) -> None:
    # A file that onnxruntime-react-native still ships would leave it out, and the app would die at its import.
    assert not (packages / "node_modules/onnxruntime-react-native/unimodule.json").exists()
    told = run(packages, "expo-modules-autolinking", "react-native-config", "--platform", platform, "--json")
    linked = json.loads(told)["dependencies"]
    assert {
        "onnxruntime-react-native", "react-native-nitro-modules", "react-native-reanimated", "react-native-svg",
        "react-native-worklets", health,
    } <= set(linked)  # fmt: skip
    assert linked["onnxruntime-react-native"]["platforms"][platform] is not None
