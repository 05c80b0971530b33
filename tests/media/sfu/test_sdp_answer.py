from tests.media.sfu import offers
from vasistas.media.sfu import sdp, sdp_answer

CANDIDATE = "a=candidate:1 1 UDP 2114977791 10.0.0.5 8002 typ host"
ANSWER = f"v=0\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{CANDIDATE}\r\na=end-of-candidates\r\n"


def choice_of(section, index=0):
    return sdp.choose_published(sdp.parse(offers.offer(section)).sections[index])


def test_offer_for_the_library_has_no_candidates_and_one_codec():
    parsed = sdp.parse(offers.offer(offers.audio(), offers.video()))

    text = sdp_answer.offer_text(parsed, [sdp.choose_published(section) for section in parsed.sections])

    assert "candidate" not in text
    assert [line for line in text.split("\r\n") if line.startswith("m=")] == [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
    ]
    assert "a=ice-pwd:abcdefghijklmnopqrstuvwx" in text


def test_receiving_section_takes_simulcast_and_feedback():
    lines = sdp_answer.receiving_section(choice_of(offers.video(more=offers.SIMULCAST)), bitrate_bps=2_500_000).split(
        "\r\n"
    )

    assert lines[0] == "m=video 9 UDP/TLS/RTP/SAVPF 96 97"
    assert "a=recvonly" in lines
    assert "b=AS:2500" in lines
    assert "a=rtcp-fb:96 transport-cc" in lines
    assert "a=fmtp:97 apt=96" in lines
    assert "a=simulcast:recv l;m;h" in lines
    assert "a=fmtp:96 x-google-start-bitrate=1200" in lines
    assert f"a=extmap:3 {sdp.TRANSPORT_CC}" in lines
    assert not [line for line in lines if sdp.ABS_SEND_TIME in line]


def test_sending_section_names_its_streams():
    lines = sdp_answer.sending_section(choice_of(offers.video()), ssrc=7, retransmission_ssrc=8).split("\r\n")

    assert "a=sendonly" in lines
    assert "a=rtcp-fb:96 goog-remb" in lines
    assert "a=ssrc-group:FID 7 8" in lines
    assert "a=rtcp-rsize" not in lines
    assert f"a=extmap:2 {sdp.ABS_SEND_TIME}" in lines


def test_addresses_add_loopback_last():
    text = sdp_answer.with_addresses(ANSWER, public_ip=None)

    assert [line.split()[4] for line in text.split("\r\n") if "candidate:" in line] == ["10.0.0.5", "127.0.0.1"]


def test_addresses_add_the_public_one_first():
    text = sdp_answer.with_addresses(ANSWER, public_ip="203.0.113.9")

    assert [line.split()[4:6] for line in text.split("\r\n") if "candidate:" in line] == [
        ["203.0.113.9", "8002"],
        ["10.0.0.5", "8002"],
    ]


def test_addresses_leave_an_answer_without_candidates_alone():
    assert sdp_answer.with_addresses("v=0\r\ns=-\r\n", public_ip="203.0.113.9") == "v=0\r\ns=-\r\n"
