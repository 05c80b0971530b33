from vasistas.media.synthetic import sdp

ANSWER = """v=0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 100 101
a=mid:1
a=rtpmap:100 VP8/90000
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
""".replace("\n", "\r\n")


def test_agreed_codec_follows_the_answers_numbers():
    assert sdp.agreed_codec(ANSWER, "video", "VP8") == sdp.Codec(100, 101)
    assert sdp.agreed_codec(ANSWER, "audio", "opus") == sdp.Codec(111, None)


def test_a_codec_the_answer_lacks_is_not_agreed():
    assert sdp.agreed_codec(ANSWER, "video", "H264") is None
    assert sdp.agreed_codec(ANSWER.replace("m=video 9", "m=video 0"), "video", "VP8") is None


def test_media_sections_and_attributes():
    audio, video = sdp.media_sections(ANSWER)

    assert (sdp.attribute(audio, "mid"), sdp.attribute(video, "mid")) == ("0", "1")
    assert sdp.attribute(video, "nothing") is None


def test_a_sending_section_names_its_streams():
    section = sdp.video_section(direction="sendonly", codec="H264", ssrc=22, rtx_ssrc=23)

    assert "a=ssrc-group:FID 22 23\r\n" in section
    assert "packetization-mode=1" in section
    assert sdp.agreed_codec("v=0\r\n" + section, "video", "H264") == sdp.Codec(102, 103)
