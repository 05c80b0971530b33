"""Files of others that we ship: each is named in the manifest, with its licence, and is what it was when it came."""

import hashlib
import json
import re
from pathlib import Path

from django.conf import settings

from vasistas.apps.rooms.models import Category
from vasistas.pages.templatetags import faces

STATIC = Path(settings.PACKAGE) / "static/vasistas"
VENDOR = STATIC / "vendor"
SPRITE = STATIC / "img/icons.svg"


def manifest() -> list[dict]:
    return json.loads((VENDOR / "manifest.json").read_text())


def test_every_vendored_file_is_what_the_manifest_says():
    for entry in manifest():
        for name, digest in entry["files"].items():
            assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_every_vendored_file_is_in_the_manifest_once():
    named = sorted(name for entry in manifest() for name in entry["files"] if name.startswith("vendor/"))

    there = sorted(
        str(path.relative_to(STATIC)) for path in VENDOR.rglob("*") if path.is_file() and path.name != "manifest.json"
    )

    assert named == there


def test_every_package_names_its_version_and_a_licence_that_lies_beside_it():
    for entry in manifest():
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"]), entry["package"]
        assert entry["licence"] in {"Bitstream-Vera", "ISC", "MIT", "OFL-1.1"}, entry["package"]
        assert entry["licence_file"] in entry["files"], entry["package"]


def test_every_icon_that_a_template_or_filter_names_is_in_the_sprite():
    package = Path(settings.PACKAGE)
    known = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))

    asked = {
        (name, path.name)
        for path in (package / "templates").rglob("*.html")
        for name in re.findall(r'components/icon\.html" with name="([^"]+)"', path.read_text())
    }

    assert sorted(one for one in asked if one[0] not in known) == []


def test_every_category_has_an_icon_of_the_sprite():

    known = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))

    assert set(faces.CATEGORY_ICONS) == set(Category.values)
    assert set(faces.CATEGORY_ICONS.values()) <= known
