"""Build the icon sprite from an unpacked `lucide-static` npm package: `python tools/icons.py PACKAGE_FOLDER`.

Add a name to `NAMES`, run it, and enter the new SHA-256 of the sprite into vendor/manifest.json.
"""

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).parent.parent / "src/vasistas/static/vasistas/img/icons.svg"
NAMES = """
activity archive arrow-down arrow-left arrow-right arrow-up arrow-up-right at-sign badge-check ban bell bird blinds
building-2 calendar camera camera-off cast chart-no-axes-column check chef-hat chevron-down chevron-left chevron-right
chevron-up circle circle-alert circle-check circle-dot circle-question-mark circle-x clapperboard clipboard clock code
coffee compass copy corner-down-right door-closed door-open download dumbbell ellipsis ellipsis-vertical eraser
external-link eye eye-off file-text filter fingerprint-pattern flag flower-2 gamepad-2 gauge gavel gem globe
graduation-cap hand hash headphones heart heart-off history hourglass house id-card image info key key-round languages
laptop layout-grid leaf life-buoy link list list-filter loader-circle lock lock-open log-in log-out mail mail-check
map-pin maximize menu message-circle message-circle-off message-square messages-square mic mic-off mic-vocal minimize
minus monitor monitor-off moon mountain music octagon-alert octagon-x palette panel-right panels-top-left pause
paw-print pencil phone picture-in-picture-2 pin play plug plus power qr-code radio radio-tower refresh-cw rotate-ccw
scale screen-share scroll-text search send server settings shield shield-alert shield-check shield-off shirt signal
sliders-horizontal smartphone smile snail sparkles square star sun tag tags telescope timer toggle-right trash-2 trees
triangle-alert trophy tv unplug upload user user-check user-cog user-minus user-plus user-round user-x users video
video-off volume-1 volume-2 volume-x wallet webcam wifi wifi-off wrench x zap
""".split()


def main() -> None:
    icons = Path(sys.argv[1]) / "icons"
    symbols = []
    for name in NAMES:
        svg = (icons / f"{name}.svg").read_text()
        drawing = re.sub(r"\s+", " ", svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]).strip()
        drawing = drawing.replace(" />", "/>").replace("> <", "><")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>')
    licence = "Icons of Lucide (lucide-static), ISC licence; see vendor/lucide/LICENSE.txt."
    body = "\n".join(symbols)
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><!-- {licence} -->\n{body}\n</svg>\n')
    print(f"{len(symbols)} icons, {SPRITE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
