"""Offers as browsers write them, shortened."""

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
HEADER = [
    "v=0",
    "o=- 46117317 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
]
TRANSPORT = [
    "c=IN IP4 0.0.0.0",
    "a=candidate:1 1 udp 2113937151 5e1e9a3e-aaaa.local 50000 typ host",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuvwx",
    f"a=fingerprint:{FINGERPRINT}",
    "a=setup:actpass",
    "a=rtcp-mux",
]
AUDIO_CODECS = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"]
VIDEO_CODECS = [
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
    "a=rtpmap:102 H264/90000",
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    "a=rtpmap:106 H264/90000",
    "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    "a=rtpmap:108 H264/90000",
    "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
]
EXTENSIONS = [
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3/sendrecv http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:13 urn:3gpp:video-orientation",
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
]


def audio(direction: str = "sendonly") -> list[str]:
    return ["m=audio 9 UDP/TLS/RTP/SAVPF 111", *TRANSPORT, "a=mid:0", f"a={direction}", *AUDIO_CODECS, *EXTENSIONS[:2]]


def video(
    direction: str = "sendonly", *, payload_types: str = "96 97 102 106 108", more: tuple[str, ...] = ()
) -> list[str]:
    head = [f"m=video 9 UDP/TLS/RTP/SAVPF {payload_types}", *TRANSPORT, "a=mid:1", f"a={direction}"]
    return [*head, *VIDEO_CODECS, *EXTENSIONS, *more]


def offer(*sections: list[str]) -> str:
    return "\r\n".join([*HEADER, *(line for section in sections for line in section)]) + "\r\n"


SIMULCAST = ("a=rid:l send", "a=rid:m send", "a=rid:h send", "a=simulcast:send l;m;h")
