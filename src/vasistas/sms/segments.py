"""How many pieces an SMS is sent in, which is what it costs (3GPP TS 23.038, 6.2.1; TS 23.040, 9.2.3.24.1)."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("\f^{}\\[~]|€")  # of the extension table: an escape before each
GSM_ONE, GSM_EACH = 160, 153  # septets in a single message, and in each of several
UCS2_ONE, UCS2_EACH = 70, 67  # 16-bit units, once a single character is not in the GSM alphabet


def count(text: str) -> int:
    """Return how many segments `text` takes; 1 for none."""
    if set(text) <= _GSM | _GSM_TWICE:
        sizes = [2 if letter in _GSM_TWICE else 1 for letter in text]
        return _segments(sizes, one=GSM_ONE, each=GSM_EACH)
    sizes = [len(letter.encode("utf-16-le")) // 2 for letter in text]
    return _segments(sizes, one=UCS2_ONE, each=UCS2_EACH)


def _segments(sizes: list[int], *, one: int, each: int) -> int:
    """A letter of two units is never parted."""
    if sum(sizes) <= one:
        return 1
    pieces, room = 1, each
    for size in sizes:
        if size > room:
            pieces, room = pieces + 1, each
        room -= size
    return pieces
