"""The media sections our clients offer and answer with, and the little we read from the other side's."""

import re
from dataclasses import dataclass

AUDIO_PAYLOAD_TYPE = 111
VIDEO_PAYLOAD_TYPES = {"VP8": (96, 97), "H264": (102, 103)}  # codec and its RTX
H264_FORMAT = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")


@dataclass(frozen=True)
class Codec:
    """What a section of the other side's description lets us send. rtx: payload type, or None."""

    payload_type: int
    rtx: int | None


def audio_section(*, direction: str, ssrc: int | None = None, mid: str = "0") -> str:
    """Return an Opus section."""
    lines = [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_PAYLOAD_TYPE}",
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{AUDIO_PAYLOAD_TYPE} opus/48000/2",
        f"a=fmtp:{AUDIO_PAYLOAD_TYPE} minptime=10;useinbandfec=1",
    ]
    if ssrc is not None:
        lines += [f"a=ssrc:{ssrc} cname:client", f"a=ssrc:{ssrc} msid:client audio"]
    return "\r\n".join(lines) + "\r\n"


def video_section(
    *, direction: str, codec: str = "VP8", ssrc: int | None = None, rtx_ssrc: int | None = None, mid: str = "1"
) -> str:
    """Return a section of one video codec and its retransmission format."""
    payload_type, rtx = VIDEO_PAYLOAD_TYPES[codec]
    lines = [
        f"m=video 9 UDP/TLS/RTP/SAVPF {payload_type} {rtx}",
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{payload_type} {codec}/90000",
        *(f"a=rtcp-fb:{payload_type} {kind}" for kind in FEEDBACK),
        *([f"a=fmtp:{payload_type} {H264_FORMAT}"] if codec == "H264" else []),
        f"a=rtpmap:{rtx} rtx/90000",
        f"a=fmtp:{rtx} apt={payload_type}",
    ]
    if ssrc is not None and rtx_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {ssrc} {rtx_ssrc}")
    for number in (ssrc, rtx_ssrc):
        if number is not None:
            lines += [f"a=ssrc:{number} cname:client", f"a=ssrc:{number} msid:client video"]
    return "\r\n".join(lines) + "\r\n"


def media_sections(description: str) -> list[str]:
    """Return the media sections of a description, each from its `m=` line."""
    return ["m=" + part for part in re.split(r"(?:^|\r?\n)m=", description)[1:]]


def attribute(section: str, name: str) -> str | None:
    """Return the value of the first `a=<name>:` line."""
    found = re.search(rf"(?m)^a={re.escape(name)}:(.*?)\r?$", section)
    return found.group(1).strip() if found else None


def agreed_codec(answer: str, kind: str, name: str) -> Codec | None:
    """Return how the answer wants `name` sent, or None when its `kind` section refuses it."""
    for section in media_sections(answer):
        head = section.split(None, 3)
        if head[0] != f"m={kind}" or head[1] == "0":
            continue
        found = re.search(rf"(?mi)^a=rtpmap:(\d+) {re.escape(name)}/", section)
        if found is None:
            return None
        rtx = re.search(rf"(?m)^a=fmtp:(\d+) apt={found.group(1)}\b", section)
        return Codec(int(found.group(1)), int(rtx.group(1)) if rtx else None)
    return None
