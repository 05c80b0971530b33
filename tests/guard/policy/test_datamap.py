"""The data map shows all there is, to eyes and to screen readers, and nothing a page would have to trust."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings

from tests.guard.policy.files import change, compiled
from tests.guard.policy.test_register import DECLARED
from vasistas.guard import declarations
from vasistas.guard.declarations import Declaration, personal
from vasistas.guard.policy import datamap


def drawn(picture: str) -> ET.Element:
    return ET.fromstring(picture)


def boxes(picture: str) -> list[str]:
    return [text.text or "" for text in drawn(picture).iter("text") if text.get("class") == "data-map-name"]


def test_the_map_shows_every_lane_and_links_its_boxes(folder: Path):
    picture = datamap.svg(compiled(folder), DECLARED)

    assert boxes(picture) == [
        *("Member", "Message"),
        *("Mail address", "Chat"),
        *("Accounts", "Audit", "Chat"),
        *("Hosting", "Mail house"),
    ]
    assert [link.get("href") for link in drawn(picture).iter("a")] == [
        "#category-user.contact.email",
        "#category-user.content.chat.public",
        "#purpose-account",
        "#purpose-audit",
        "#purpose-chat",
        "#recipient-hosting",
        "#recipient-overseas",
    ]
    edges = [path for path in drawn(picture).iter("path") if "data-map-edge" in path.get("class", "")]
    assert len(edges) == 2 + 3 + 3  # models to categories, categories to purposes, purposes to recipients


def test_the_map_has_a_name_and_a_description_and_no_inline_style(folder: Path):
    picture = datamap.svg(compiled(folder), DECLARED, "fr")
    root = drawn(picture)

    assert (root[0].tag, root[0].text, root[0].get("id")) == ("title", "Carte des données", "data-map-title")
    assert (root[1].tag, root[1].get("id")) == ("desc", "data-map-told")
    assert "2 modèles contiennent 2 catégories" in (root[1].text or "")
    assert root.get("aria-labelledby") == "data-map-title data-map-told"
    assert all(one.get("style") is None for one in root.iter())
    assert not {one.tag for one in root.iter()} & {"script", "style", "foreignObject", "image"}


def test_what_the_operator_wrote_is_escaped(folder: Path):
    change(folder, 'en = "Hosting"', 'en = "<script>&"')

    assert "<script" not in datamap.svg(compiled(folder), DECLARED)
    assert "<script>&" in boxes(datamap.svg(compiled(folder), DECLARED))


def test_a_purpose_that_allows_everything_is_one_band(folder: Path):
    wide = 'categories = [\n  "user.contact.email",\n  "user.content.chat.public",\n]'
    change(folder, 'categories = [\n  "user.contact.email",\n]', wide)

    root = drawn(datamap.svg(compiled(folder), DECLARED))

    assert sum(path.get("class") == "data-map-band" for path in root.iter("path")) == 1


def test_a_model_without_personal_fields_is_not_shown(folder: Path):
    odd = {**DECLARED, "rooms.Tag": Declaration({}, None)}

    assert "Tag" not in boxes(datamap.svg(compiled(folder), odd))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_shipped_map_shows_each_box_once_inside_the_picture(language: str):
    policy = compiled(settings.POLICY)
    root = drawn(datamap.svg(policy, declarations.declarations(), language))
    width, height = map(float, (root.get("viewBox") or "").split()[2:])

    spots = [
        tuple(float(one.get(name, "nan")) for name in ("x", "y", "width", "height"))
        for one in root.iter("rect")
        if one.get("class") == "data-map-box"
    ]

    assert len(spots) == len(set(spots))
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in spots)
    for x, y, _w, h in spots:
        assert not any(x == other_x and y < other_y < y + h for other_x, other_y, *_rest in spots)


def test_a_field_of_an_unknown_category_does_not_stop_the_map(folder: Path):
    odd = {"shop.Shoe": Declaration({"shoe": personal("user.shoe", keep="x")}, "self")}

    assert "Shoe" not in boxes(datamap.svg(compiled(folder), odd))
