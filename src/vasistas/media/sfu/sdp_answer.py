"""Writes what we tell the native library and the browser: the checked offer again, our sections, the final answer."""

from vasistas.media.sfu import sdp

START_KBPS = 1_200  # Chrome begins here instead of at 300 kbit/s
CNAME = "vasistas"  # one clock for audio and video of a room: receivers keep lips in step


def offer_text(offer: sdp.Offer, choices: list[sdp.Choice]) -> str:
    """The offer in our words, for the native library."""
    mids = " ".join(choice.section.mid for choice in choices)
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    for choice in choices:
        section, codec = choice.section, choice.codec
        lines += [
            f"m={section.kind} 9 {section.protocol} {codec.payload_type}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
            f"a={section.direction}",
            "a=rtcp-mux",
            f"a=ice-ufrag:{offer.ufrag}",
            f"a=ice-pwd:{offer.password}",
            f"a=fingerprint:{offer.fingerprint}",
            f"a=setup:{offer.setup}",
            _rtpmap(codec),
        ]
    return _text(lines)


def receiving_section(choice: sdp.Choice, *, bitrate_bps: int) -> str:
    """Our section for what a publisher sends."""
    section, codec = choice.section, choice.codec
    lines = [*_head(choice, "recvonly"), f"b=AS:{bitrate_bps // 1000}"]
    lines += [f"a=extmap:{choice.extension(uri)} {uri}" for uri in sdp.UPSTREAM_EXTENSIONS if choice.extension(uri)]
    lines.append(_rtpmap(codec))
    lines.append(f"a=rtcp-fb:{codec.payload_type} transport-cc")
    if section.kind == "video":
        lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in ("nack", "nack pli", "ccm fir")]
        lines.append(_fmtp(codec, {"x-google-start-bitrate": str(START_KBPS)}))
        lines += _retransmission(choice)
    else:
        lines.append(_fmtp(codec, {"useinbandfec": "1"}))
    lines.append("a=rtcp-rsize")
    lines += [f"a=rid:{rid} recv" for rid in section.rids]
    if section.rids:
        lines.append(f"a=simulcast:recv {';'.join(section.rids)}")
    return _text(lines)


def sending_section(choice: sdp.Choice, *, ssrc: int, retransmission_ssrc: int | None) -> str:
    """Our section for what a viewer gets. Without rtcp-rsize, so that each report names the stream it is about."""
    codec = choice.codec
    lines = _head(choice, "sendonly")
    lines += [f"a=extmap:{choice.extension(uri)} {uri}" for uri in sdp.DOWNSTREAM_EXTENSIONS if choice.extension(uri)]
    lines.append(_rtpmap(codec))
    if choice.section.kind == "video":
        feedbacks = ("goog-remb", "nack", "nack pli", "ccm fir")
        lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in feedbacks]
    if codec.parameters:
        lines.append(_fmtp(codec, {}))
    lines.append(f"a=msid:{CNAME} {choice.section.kind}")
    lines.append(f"a=ssrc:{ssrc} cname:{CNAME}")
    if retransmission_ssrc is not None:
        lines += _retransmission(choice)
        lines.append(f"a=ssrc:{retransmission_ssrc} cname:{CNAME}")
        lines.append(f"a=ssrc-group:FID {ssrc} {retransmission_ssrc}")
    return _text(lines)


def with_addresses(answer: str, *, public_ip: str | None) -> str:
    """The answer with candidates a browser can reach: a public address in place of private ones, and loopback.

    Loopback comes last (priority 1), for a machine without a network. Behind 1:1 NAT `public_ip` is added first.
    """
    lines = answer.replace("\r\n", "\n").rstrip("\n").split("\n")
    hosts = [line for line in lines if line.startswith("a=candidate:") and " typ host" in line]
    added: list[str] = []
    ports = sorted({line.split()[5] for line in hosts})
    for port in ports:
        if public_ip and not any(_address(line) == public_ip for line in hosts):
            added.append(f"a=candidate:9001 1 UDP 2130706431 {public_ip} {port} typ host")
        if not any(_address(line) == "127.0.0.1" for line in hosts) and public_ip is None:
            added.append(f"a=candidate:9002 1 UDP 1 127.0.0.1 {port} typ host")
    result: list[str] = []
    for line in lines:
        if line == hosts[0] if hosts else False:
            result += [extra for extra in added if "9001" in extra]
        result.append(line)
        if line == hosts[-1] if hosts else False:
            result += [extra for extra in added if "9002" in extra]
    return _text(result)


def _address(candidate: str) -> str:
    return candidate.split()[4]


def _head(choice: sdp.Choice, direction: str) -> list[str]:
    section = choice.section
    types = [choice.codec.payload_type]
    if choice.retransmission is not None and section.kind == "video":
        types.append(choice.retransmission)
    return [
        f"m={section.kind} 9 {section.protocol} {' '.join(map(str, types))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        f"a={direction}",
        "a=rtcp-mux",
    ]


def _retransmission(choice: sdp.Choice) -> list[str]:
    if choice.retransmission is None:
        return []
    return [
        f"a=rtpmap:{choice.retransmission} rtx/{choice.codec.clock_hz}",
        f"a=fmtp:{choice.retransmission} apt={choice.codec.payload_type}",
    ]


def _rtpmap(codec: sdp.Codec) -> str:
    name = {"opus": "opus", "vp8": "VP8", "h264": "H264"}[codec.name]
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    return f"a=rtpmap:{codec.payload_type} {name}/{codec.clock_hz}{channels}"


def _fmtp(codec: sdp.Codec, extra: dict[str, str]) -> str:
    pairs = {**dict(codec.parameters), **extra}
    return f"a=fmtp:{codec.payload_type} " + ";".join(
        f"{name}={value}" if value else name for name, value in pairs.items()
    )


def _text(lines: list[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
