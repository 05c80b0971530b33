"""The data map: one picture of what is stored where, what it is, why it is touched and who gets it.

Four lanes from left to right: models, categories, purposes, recipients. A purpose that allows every category would be a
curve from each of them; it gets one band from the whole lane instead. Drawn without scripts and inline styles; the
classes are those of static/vasistas/css/components/data-map.css. Each box links to `#category-<key>`, `#purpose-<key>`
or `#recipient-<key>` of the page it stands in, so that the picture and the table below it are one thing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from vasistas.guard.declarations import Declaration, Sealed
from vasistas.guard.policy.model import Policy, Reads, Role

# In units of the picture; a page scales it.
WIDTH = 1560
TOP = 76
LANE_X = (20, 385, 850, 1250)
LANE_WIDTH = (210, 290, 280, 290)
CHAR_WIDTH = 8.2  # of a name, about
PORTS = 26  # along this much of a box's side its curves begin and end
BOX_HEIGHT = 40
GAP = 12
GROUP_GAP = 30
HUES = 8
BAND_HEIGHT = 26

LANES = {
    "en": ("Where it is stored", "What it is", "Why it is touched", "Who gets it"),
    "fr": ("Où c’est stocké", "Ce que c’est", "Pourquoi on y touche", "Qui le reçoit"),
}
TITLE = {"en": "Data map", "fr": "Carte des données"}
TOLD = {
    "en": "{models} models hold {categories} categories of personal data, touched under {purposes} purposes, "
    "and given to {recipients} recipients. The table on this page says the same in words.",
    "fr": "{models} modèles contiennent {categories} catégories de données personnelles, touchées pour {purposes} "
    "finalités et remises à {recipients} destinataires. Le tableau de cette page dit la même chose en mots.",
}
NOTES = {
    "en": {"fields": "{count} fields", "field": "1 field", "sealed": "{count} sealed"},
    "fr": {"fields": "{count} champs", "field": "1 champ", "sealed": "dont {count} scellé"},
}
ROLES = {
    "en": {Role.PROCESSOR: "on our behalf", Role.CONTROLLER: "for itself", Role.AUTHORITY: "by law"},
    "fr": {Role.PROCESSOR: "pour notre compte", Role.CONTROLLER: "pour son compte", Role.AUTHORITY: "par la loi"},
}
READS = {
    "en": {
        Reads.OWN: "one’s own: not noted",
        Reads.PUBLISHED: "shown to all: not noted",
        Reads.EACH: "each read is noted",
        Reads.RUN: "each run is noted",
        Reads.INTERNAL: "shows nothing to anyone",
    },
    "fr": {
        Reads.OWN: "les siennes : non noté",
        Reads.PUBLISHED: "montré à tous : non noté",
        Reads.EACH: "chaque lecture est notée",
        Reads.RUN: "chaque passage est noté",
        Reads.INTERNAL: "ne montre rien à personne",
    },
}


@dataclass
class Box:
    """lane: 0 to 3. key: unique in its lane. y: of its upper edge, set by `_stack`."""

    lane: int
    key: str
    title: str
    note: str
    link: str = ""
    kinds: str = ""
    y: float = 0

    @property
    def middle(self) -> float:
        return self.y + BOX_HEIGHT / 2

    @property
    def left(self) -> float:
        return LANE_X[self.lane]

    @property
    def right(self) -> float:
        return LANE_X[self.lane] + LANE_WIDTH[self.lane]


@dataclass(frozen=True)
class Map:
    """lanes: boxes by lane, in order. edges: pairs of boxes with the hue of a category."""

    lanes: tuple[list[Box], list[Box], list[Box], list[Box]]
    edges: list[tuple[Box, Box, int]]
    height: float


def svg(policy: Policy, declarations: Mapping[str, Declaration], language: str = "en") -> str:
    """Return the picture as one `<svg>` element, escaped, to be put into a page as it is."""
    drawn = _arrange(policy, declarations, language)
    models, categories, purposes, recipients = drawn.lanes
    told = TOLD[language].format(
        models=len(models), categories=len(categories), purposes=len(purposes), recipients=len(recipients)
    )
    names = "".join(
        f'<text class="data-map-lane" x="{LANE_X[lane]}" y="34">{escape(name)}</text>'
        for lane, name in enumerate(LANES[language])
    )
    apps = "".join(
        f'<text class="data-map-app" x="{LANE_X[0]}" y="{first.y - 8:g}">{escape(first.key.split(".")[0])}</text>'
        for first in _first_of_each_app(models)
    )
    return (
        f'<svg class="data-map" viewBox="0 0 {WIDTH} {drawn.height:g}" role="group" '
        f'aria-labelledby="data-map-title data-map-told" lang="{language}">'
        f'<title id="data-map-title">{escape(TITLE[language])}</title><desc id="data-map-told">{escape(told)}</desc>'
        f'<g class="data-map-edges" aria-hidden="true">{"".join(_bands(policy, drawn))}'
        f"{''.join(_curves(drawn))}</g>"
        f"{names}{apps}{''.join(_drawn(box) for lane in drawn.lanes for box in lane)}</svg>"
    )


def _arrange(policy: Policy, declarations: Mapping[str, Declaration], language: str) -> Map:
    order = {key: place for place, key in enumerate(policy.categories)}
    holding = {
        label: one
        for label, one in declarations.items()
        if any(held.category in order for held in one.personal.values())
    }
    models = [_model(label, one, language) for label, one in sorted(holding.items(), key=lambda one: _app(one[0]))]
    categories = [
        Box(1, key, one.title[language], key, f"#category-{key}", f"data-map-hue-{order[key] % HUES}")
        for key, one in policy.categories.items()
    ]
    purposes = [
        Box(2, key, one.title[language], READS[language][one.reads], f"#purpose-{key}", f"data-map-reads-{one.reads}")
        for key, one in policy.purposes.items()
    ]
    recipients = [
        Box(3, key, one.title[language], f"{ROLES[language][Role(one.role)]}, {one.country}", f"#recipient-{key}")
        for key, one in policy.recipients.items()
    ]
    lanes = (models, categories, purposes, recipients)
    boxes = {(box.lane, box.key): box for lane in lanes for box in lane}
    edges = list(_edges(policy, holding, boxes, order))
    height = max(_stack(lane) for lane in lanes)
    for lane in lanes[1:]:
        _untangle(lane, edges)
        _spread(lane, height)
    return Map(lanes, edges, height + GAP)


def _app(label: str) -> tuple[int, str]:
    """Our own apps first, in the order people meet them; then what libraries bring."""
    ours = ("accounts", "privacy", "rooms", "chat", "providers", "reads")
    app = label.split(".", maxsplit=1)[0]
    return (ours.index(app) if app in ours else len(ours), label)


def _model(label: str, declaration: Declaration, language: str) -> Box:
    held = declaration.personal.values()
    words = NOTES[language]
    sealed = sum(isinstance(one, Sealed) for one in held)
    note = words["field"] if len(held) == 1 else words["fields"].format(count=len(held))
    if sealed:
        note += ", " + words["sealed"].format(count=sealed)
    return Box(0, label, label.split(".")[1], note, kinds="data-map-sealed" if sealed else "")


def _edges(
    policy: Policy, holding: Mapping[str, Declaration], boxes: Mapping[tuple[int, str], Box], order: Mapping[str, int]
) -> Iterable[tuple[Box, Box, int]]:
    for label, one in holding.items():
        for category in sorted(one.categories & order.keys()):
            yield boxes[0, label], boxes[1, category], order[category] % HUES
    for key, purpose in policy.purposes.items():
        if len(purpose.categories) < len(order):
            for category in sorted(purpose.categories):
                yield boxes[1, category], boxes[2, key], order[category] % HUES
    pairs = {(one.purpose, recipient): None for one in policy.activities.values() for recipient in one.recipients}
    for purpose_key, recipient in pairs:
        yield boxes[2, purpose_key], boxes[3, recipient], HUES


def _stack(lane: list[Box]) -> float:
    """Place the boxes of a lane below each other; a lane of models leaves room for the name of each app."""
    y, app = float(TOP), ""
    for box in lane:
        if box.lane == 0 and app != box.key.split(".")[0]:
            y += GROUP_GAP if app else 0
            app = box.key.split(".")[0]
        box.y = y
        y += BOX_HEIGHT + GAP
    return y


def _spread(lane: list[Box], height: float) -> None:
    """Move the boxes of a shorter lane apart, so that all lanes end together; three boxes stand in the middle."""
    spare = height - GAP - TOP - len(lane) * BOX_HEIGHT
    step = min(spare / max(len(lane) - 1, 1), 3 * BOX_HEIGHT)
    start = TOP + (spare - step * (len(lane) - 1)) / 2
    for place, box in enumerate(lane):
        box.y = start + place * (BOX_HEIGHT + step)


def _untangle(lane: list[Box], edges: list[tuple[Box, Box, int]]) -> None:
    """Sort a lane by where its curves come from; those without curves go last."""

    def source(box: Box) -> float:
        starts = [start.y for start, end, _hue in edges if end is box]
        return sum(starts) / len(starts) if starts else float("inf")

    lane.sort(key=source)


def _first_of_each_app(models: list[Box]) -> Iterable[Box]:
    seen: set[str] = set()
    for box in models:
        app = box.key.split(".")[0]
        if app not in seen:
            seen.add(app)
            yield box


def _bands(policy: Policy, drawn: Map) -> Iterable[str]:
    _models, categories, purposes, _recipients = drawn.lanes
    if not categories:
        return
    top, bottom, x = categories[0].y, categories[-1].y + BOX_HEIGHT, categories[0].right + 16
    wide = [box for box in purposes if len(policy.purposes[box.key].categories) == len(categories)]
    if wide:
        yield f'<path class="data-map-brace" d="M{x - 8:g} {top:g}h8V{bottom:g}h-8"/>'
    for box in wide:
        yield _curve_of("data-map-band", x, (top + bottom) / 2, box.left, box.middle)


def _curves(drawn: Map) -> Iterable[str]:
    """Each curve leaves and enters at a height of its own, in the order of its other ends: fewer of them cross."""
    leaving: dict[int, list[Box]] = {}
    entering: dict[int, list[Box]] = {}
    for start, end, _hue in drawn.edges:
        leaving.setdefault(id(start), []).append(end)
        entering.setdefault(id(end), []).append(start)
    for start, end, hue in drawn.edges:
        kind = "data-map-edge-out" if hue == HUES else f"data-map-hue-{hue}"
        y1, y2 = _port(start, end, leaving[id(start)]), _port(end, start, entering[id(end)])
        yield _curve_of(f"data-map-edge {kind}", start.right, y1, end.left, y2)


def _port(box: Box, other: Box, others: list[Box]) -> float:
    ordered = sorted(others, key=lambda one: one.y)
    step = min(PORTS / len(ordered), 5)
    place = next(number for number, one in enumerate(ordered) if one is other)
    return box.middle + (place - (len(ordered) - 1) / 2) * step


def _curve_of(kinds: str, x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (x2 - x1) / 2
    return f'<path class="{kinds}" d="M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"/>'


def _drawn(box: Box) -> str:
    width = LANE_WIDTH[box.lane]
    name = escape(_short(box.title, width))
    inside = (
        f"<title>{escape(box.title)}: {escape(box.note)}</title>"
        f'<rect class="data-map-box" x="{box.left:g}" y="{box.y:g}" width="{width}" height="{BOX_HEIGHT}" rx="8"/>'
        f'<rect class="data-map-mark" x="{box.left:g}" y="{box.y + 8:g}" width="4" height="{BOX_HEIGHT - 16}" rx="2"/>'
        f'<text class="data-map-name" x="{box.left + 14:g}" y="{box.y + 18:g}">{name}</text>'
        f'<text class="data-map-note" x="{box.left + 14:g}" y="{box.y + 32:g}">{escape(box.note)}</text>'
    )
    kinds = f"data-map-node data-map-lane-{box.lane} {box.kinds}".strip()
    if box.link:
        return f'<a class="{kinds}" href="{escape(box.link)}">{inside}</a>'
    return f'<g class="{kinds}">{inside}</g>'


def _short(title: str, width: float) -> str:
    chars_max = int((width - 20) / CHAR_WIDTH)
    return title if len(title) <= chars_max else title[: chars_max - 1].rstrip(" ,") + "…"
