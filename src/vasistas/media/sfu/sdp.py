"""Reads session descriptions (RFC 8866, 9429) and writes ours. Pure: text in, text out, no network, no library.

What reaches the native library is never the browser's text but a short one written here from checked parts: no
candidates (mDNS names would start resolver threads), one codec per section, nothing we do not understand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from vasistas.media.port import CodecUnsupported, SdpMalformed
from vasistas.media.sfu import limits

type Kind = Literal["audio", "video"]

ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
ORIENTATION = "urn:3gpp:video-orientation"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"

UPSTREAM_EXTENSIONS = (TRANSPORT_CC, ORIENTATION, MID, RID, REPAIRED_RID)
DOWNSTREAM_EXTENSIONS = (ABS_SEND_TIME, ORIENTATION)
LAYERS_MAX = 3
EXTENSION_ID_MAX = 14  # one-byte header extensions (RFC 8285)
PAYLOAD_TYPE_MAX = 127
SSRC_DIGITS_MAX = 10  # 32 bits

_TOKEN = re.compile(r"[A-Za-z0-9_.+-]{1,32}")
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_FINGERPRINT = re.compile(r"sha-(?:256|384|512) [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31,63}")
_RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9_-]{1,32})/(\d{3,6})(?:/(\d))?")
_EXTMAP = re.compile(r"(\d{1,3})(?:/\w+)? (\S{1,200})")


@dataclass(frozen=True)
class Codec:
    """name: lower case. parameters: of its fmtp line, names in lower case."""

    payload_type: int
    name: str
    clock_hz: int
    channels: int = 1
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        return dict(self.parameters).get(name, "")


@dataclass(frozen=True)
class Section:
    """One m-section of an offer."""

    kind: Kind
    mid: str
    direction: str
    protocol: str
    codecs: tuple[Codec, ...]
    extensions: dict[str, int]
    rids: tuple[str, ...] = ()
    repairs: dict[int, int] = field(default_factory=dict)  # ssrc of retransmissions -> ssrc it repairs


@dataclass(frozen=True)
class Offer:
    sections: tuple[Section, ...]
    ufrag: str
    password: str
    fingerprint: str
    setup: str

    def section(self, kind: Kind) -> Section | None:
        return next((section for section in self.sections if section.kind == kind), None)


@dataclass(frozen=True)
class Choice:
    """What was agreed for one section. retransmission: payload type of RTX, or None."""

    section: Section
    codec: Codec
    retransmission: int | None

    def extension(self, uri: str) -> int:
        """The header extension's id, 0 when the other end does not offer it."""
        return self.section.extensions.get(uri, 0)


def parse(text: str) -> Offer:
    """Read an offer of at most one audio and one video section.

    Raises: SdpMalformed: names the line or part that is wrong.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    if not lines or lines[0] != "v=0":
        raise _malformed("it must begin with v=0")
    if len(lines) > limits.SDP_LINES_MAX:
        raise _malformed(f"it has more than {limits.SDP_LINES_MAX} lines")
    if any(len(line) < 2 or line[1] != "=" or not line.isprintable() for line in lines):
        raise _malformed("a line is not of the form x=…")
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    if not starts:
        raise _malformed("it has no media section")
    header = lines[: starts[0]]
    bodies = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    sections = tuple(_section(body) for body in bodies)
    if len({section.kind for section in sections}) != len(sections):
        raise _malformed("it may have one audio and one video section, not more")
    if len({section.mid for section in sections}) != len(sections):
        raise _malformed("two sections have the same mid")
    return Offer(
        sections=sections,
        ufrag=_shared("ice-ufrag", header, bodies[0], _ICE),
        password=_shared("ice-pwd", header, bodies[0], _ICE),
        fingerprint=_shared("fingerprint", header, bodies[0], _FINGERPRINT),
        setup=_shared("setup", header, bodies[0], re.compile("actpass|active|passive")),
    )


def _malformed(why: str) -> SdpMalformed:
    return SdpMalformed(f"The session description (SDP) cannot be used: {why}.")


def _attributes(lines: list[str], name: str) -> Iterator[str]:
    start = f"a={name}:"
    return (line[len(start) :].strip() for line in lines if line.startswith(start))


def _shared(name: str, header: list[str], body: list[str], pattern: re.Pattern[str]) -> str:
    """An attribute of the first (bundled) section, or of the session."""
    value = next(_attributes(body, name), None) or next(_attributes(header, name), "")
    if not pattern.fullmatch(value):
        raise _malformed(f"a={name} is missing or wrong")
    return value


def _section(body: list[str]) -> Section:
    words = body[0][2:].split()
    if len(words) < 4 or words[0] not in {"audio", "video"} or "RTP/SAVP" not in words[2]:
        raise _malformed("a media section is neither audio nor video over SRTP")
    kind: Kind = "audio" if words[0] == "audio" else "video"
    mid = next(_attributes(body, "mid"), "")
    if not _TOKEN.fullmatch(mid):
        raise _malformed(f"the {kind} section has no usable a=mid")
    if "a=rtcp-mux" not in body:
        raise _malformed(f"the {kind} section does not offer a=rtcp-mux")
    if not words[3:] or any(not _is_number(word) or int(word) > PAYLOAD_TYPE_MAX for word in words[3:]):
        raise _malformed(f"the {kind} section has a payload type that is no number up to {PAYLOAD_TYPE_MAX}")
    directions = {"sendrecv", "sendonly", "recvonly", "inactive"}
    return Section(
        kind=kind,
        mid=mid,
        direction=next((line[2:] for line in body if line[2:] in directions), "sendrecv"),
        protocol=words[2] if _is_profile(words[2]) else "UDP/TLS/RTP/SAVPF",
        codecs=_codecs(body, [int(word) for word in words[3:]]),
        extensions=_extensions(body),
        rids=_rids(body),
        repairs=_repairs(body),
    )


def _is_number(word: str) -> bool:
    """Whether `int` may read it: Python refuses thousands of digits by an error."""
    return word.isascii() and word.isdecimal() and len(word) <= SSRC_DIGITS_MAX


def _is_profile(word: str) -> bool:
    return word in {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"}


def _codecs(body: list[str], order: list[int]) -> tuple[Codec, ...]:
    parameters: dict[int, tuple[tuple[str, str], ...]] = {}
    for line in _attributes(body, "fmtp"):
        number, _, rest = line.partition(" ")
        if _is_number(number):
            pairs = (item.strip().partition("=") for item in rest.split(";"))
            parameters[int(number)] = tuple((name.lower(), value) for name, _, value in pairs if name)
    found: dict[int, Codec] = {}
    for line in _attributes(body, "rtpmap"):
        if match := _RTPMAP.fullmatch(line):
            payload_type = int(match[1])
            found[payload_type] = Codec(
                payload_type=payload_type,
                name=match[2].lower(),
                clock_hz=int(match[3]),
                channels=int(match[4] or 1),
                parameters=parameters.get(payload_type, ()),
            )
    return tuple(found[payload_type] for payload_type in order if payload_type in found)


def _extensions(body: list[str]) -> dict[str, int]:
    found = {}
    for line in _attributes(body, "extmap"):
        match = _EXTMAP.match(line)
        if match and 1 <= int(match[1]) <= EXTENSION_ID_MAX:
            found[match[2]] = int(match[1])
    return found


def _rids(body: list[str]) -> tuple[str, ...]:
    """The simulcast layers a publisher sends, in its order; () for a single stream."""
    line = next(_attributes(body, "simulcast"), "")
    match = re.search(r"send ([^ ]+)", line)
    if not match:
        return ()
    rids = tuple(alternatives.split(",")[0].lstrip("~") for alternatives in match[1].split(";"))
    if len(rids) > LAYERS_MAX or len(set(rids)) != len(rids) or not all(_TOKEN.fullmatch(rid) for rid in rids):
        raise _malformed(f"a=simulcast must name up to {LAYERS_MAX} different layers")
    return rids


def _repairs(body: list[str]) -> dict[int, int]:
    found = {}
    for line in _attributes(body, "ssrc-group"):
        words = line.split()
        if len(words) == 3 and words[0] == "FID" and _is_number(words[1]) and _is_number(words[2]):
            found[int(words[2])] = int(words[1])
    return found


# -- choosing ----------------------------------------------------------------------------------------------------------


def choose_published(section: Section) -> Choice:
    """The first codec of a publisher that the engine forwards: Opus; VP8 or H264 (packetization mode 1).

    Raises: CodecUnsupported.
    """
    usable = [codec for codec in section.codecs if _is_forwarded(section.kind, codec)]
    if not usable:
        needed = "Opus" if section.kind == "audio" else "VP8 or H264 (packetization-mode=1)"
        raise CodecUnsupported(f"This browser or program offers no {section.kind} codec that works here: {needed}.")
    best = usable[0]
    if best.name == "h264":  # of several H264 profiles the one that every browser decodes
        constrained = (
            codec for codec in usable if codec.name == "h264" and h264_profile(codec) == "constrained-baseline"
        )
        best = next(constrained, best)
    return Choice(section, best, _retransmission(section, best))


def choose_played(section: Section, published: Codec) -> Choice:
    """The viewer's payload type for what the publisher sends.

    Raises: CodecUnsupported: the viewer cannot decode it; the node never transcodes.
    """
    same = [codec for codec in section.codecs if _is_forwarded(section.kind, codec) and codec.name == published.name]
    if published.name == "h264":
        exact = [codec for codec in same if h264_profile(codec) == h264_profile(published)]
        wider = [codec for codec in same if h264_profile(codec) != "other"]
        same = exact or (wider if h264_profile(published) == "constrained-baseline" else [])
    if not same:
        raise CodecUnsupported(f"This browser cannot decode {published.name.upper()}, which this room sends.")
    return Choice(section, same[0], _retransmission(section, same[0]))


def _is_forwarded(kind: Kind, codec: Codec) -> bool:
    if kind == "audio":
        return codec.name == "opus"
    return codec.name == "vp8" or (codec.name == "h264" and codec.parameter("packetization-mode") == "1")


def _retransmission(section: Section, codec: Codec) -> int | None:
    return next(
        (
            other.payload_type
            for other in section.codecs
            if other.name == "rtx" and other.parameter("apt") == str(codec.payload_type)
        ),
        None,
    )


def h264_profile(codec: Codec) -> str:
    """The profile of RFC 6184 section 8.1, as far as it matters for decoding: its level does not."""
    level_id = codec.parameter("profile-level-id").lower() or "42000a"
    if not re.fullmatch("[0-9a-f]{6}", level_id):
        return "other"
    profile, constraints = int(level_id[:2], 16), int(level_id[2:4], 16)
    if profile == 0x42 or (profile in {0x4D, 0x58} and constraints & 0x80):
        return "constrained-baseline" if profile != 0x42 or constraints & 0x40 else "baseline"
    return {0x4D: "main", 0x64: "high"}.get(profile, "other")
