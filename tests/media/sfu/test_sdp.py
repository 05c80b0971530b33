import pytest

from tests.media.sfu import offers
from vasistas.media.port import CodecUnsupported, SdpMalformed
from vasistas.media.sfu import sdp


def test_parse_reads_what_the_engine_needs():
    parsed = sdp.parse(offers.offer(offers.audio(), offers.video()))

    assert [section.kind for section in parsed.sections] == ["audio", "video"]
    assert (parsed.ufrag, parsed.setup) == ("abcd", "actpass")
    video = parsed.section("video")
    assert video is not None
    assert [codec.payload_type for codec in video.codecs] == [96, 97, 102, 106, 108]
    assert video.extensions[sdp.TRANSPORT_CC] == 3
    assert video.rids == ()


def test_parse_reads_simulcast_layers_and_repairs():
    more = (*offers.SIMULCAST, "a=ssrc-group:FID 11 12")
    section = sdp.parse(offers.offer(offers.video(more=more))).sections[0]

    assert section.rids == ("l", "m", "h")
    assert section.repairs == {12: 11}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=0\r\n",
        "v=0\r\ns=-\r\nno line\r\n",
        offers.offer(offers.audio()).replace("a=ice-ufrag:abcd\r\n", ""),
        offers.offer(offers.audio()).replace("a=ice-ufrag:abcd", "a=ice-ufrag:a b"),
        offers.offer(offers.audio()).replace("AB:AB", "ZZ:AB"),
        offers.offer(offers.audio()).replace("a=rtcp-mux\r\n", ""),
        offers.offer(offers.audio()).replace("a=mid:0", "a=mid:" + "x" * 40),
        offers.offer(offers.audio()).replace("SAVPF 111", "SAVPF 1111"),
        offers.offer(offers.audio()).replace("SAVPF 111", "SAVPF x"),
        offers.offer(offers.audio()).replace("SAVPF 111", "SAVPF " + "1" * 5_000),
        offers.offer(offers.audio()).replace("m=audio", "m=application"),
        offers.offer(offers.audio(), offers.audio()),
        offers.offer(offers.video(more=("a=simulcast:send a;b;c;d",))),
        offers.offer(offers.video(more=("a=simulcast:send a;a",))),
        offers.offer(offers.audio()) + "a=x:\x00\r\n",
        offers.offer(offers.audio()) + "a=x\r\n" * 3000,
    ],
)
def test_parse_refuses_what_it_cannot_use(text):
    with pytest.raises(SdpMalformed):
        sdp.parse(text)


@pytest.mark.parametrize("line", ["a=fmtp:{} apt=96", "a=ssrc-group:FID {} {}"])
def test_parse_passes_over_numbers_that_are_none(line):
    section = sdp.parse(offers.offer(offers.video(more=(line.replace("{}", "1" * 5_000),)))).sections[0]

    assert section.repairs == {}


def test_published_takes_the_first_codec_the_engine_forwards():
    section = sdp.parse(offers.offer(offers.video())).sections[0]

    choice = sdp.choose_published(section)

    assert (choice.codec.name, choice.codec.payload_type, choice.retransmission) == ("vp8", 96, 97)


def test_published_h264_prefers_the_profile_every_browser_decodes():
    section = sdp.parse(offers.offer(offers.video(payload_types="102 106 96"))).sections[0]

    assert sdp.choose_published(section).codec.payload_type == 106


def test_published_without_a_usable_codec_is_refused():
    section = sdp.parse(offers.offer(offers.video(payload_types="108"))).sections[0]

    with pytest.raises(CodecUnsupported):
        sdp.choose_published(section)


@pytest.mark.parametrize(("payload_types", "chosen"), [("96 97 102 106 108", 106), ("102 96", 102), ("106", 106)])
def test_played_matches_the_publishers_h264_profile(payload_types, chosen):
    published = sdp.choose_published(sdp.parse(offers.offer(offers.video(payload_types="106"))).sections[0]).codec
    section = sdp.parse(offers.offer(offers.video("recvonly", payload_types=payload_types))).sections[0]

    assert sdp.choose_played(section, published).codec.payload_type == chosen


@pytest.mark.parametrize("payload_types", ["96 97", "108"])
def test_played_without_the_publishers_codec_is_refused(payload_types):
    published = sdp.choose_published(sdp.parse(offers.offer(offers.video(payload_types="106"))).sections[0]).codec
    section = sdp.parse(offers.offer(offers.video("recvonly", payload_types=payload_types))).sections[0]

    with pytest.raises(CodecUnsupported) as refused:
        sdp.choose_played(section, published)

    assert refused.value.status == 406


@pytest.mark.parametrize(
    ("level_id", "profile"),
    [
        ("42e01f", "constrained-baseline"),
        ("42001f", "baseline"),
        ("4d801f", "constrained-baseline"),
        ("4d001f", "main"),
        ("640032", "high"),
        ("zz", "other"),
        ("", "baseline"),
    ],
)
def test_h264_profile(level_id, profile):
    codec = sdp.Codec(106, "h264", 90_000, parameters=(("profile-level-id", level_id),))

    assert sdp.h264_profile(codec) == profile
