import pytest

from vasistas.media.sfu import rtp as node_rtp
from vasistas.media.synthetic import chime, video
from vasistas.media.synthetic.scenes import SCENES

SIZE = (320, 192)
CODECS = ("VP8", "H264")


@pytest.mark.parametrize("codec", CODECS)
def test_key_frames_come_first_and_when_asked(codec):
    scene = SCENES["harbour"](SIZE)
    coder = video.Coder(codec, size=SIZE, fps=20, bitrate_bps=400_000)

    keys = []
    for number in range(30):
        payloads = coder.payloads(scene.frame(number / 20), is_key=number in (0, 17))
        if any(node_rtp.begins_key_frame(codec.lower(), payload) for payload in payloads):
            keys.append(number)

    assert keys == [0, 17]


def test_the_node_reads_the_size_of_a_vp8_key_frame():
    coder = video.Coder("VP8", size=SIZE, fps=20, bitrate_bps=400_000)

    payloads = coder.payloads(SCENES["harbour"](SIZE).frame(0), is_key=True)

    assert node_rtp.vp8_size(payloads[0]) == SIZE


def test_the_chime_is_a_quiet_loop_of_opus():
    loop = chime.samples(seed=3)
    packets = chime.packets(seed=3)

    assert 0 < max(map(abs, loop)) <= chime.LOUDNESS
    assert len(packets) == len(loop) // chime.PACKET_SAMPLES
    assert 10 < sum(map(len, packets)) / len(packets) < 160
    assert chime.samples(seed=3) == loop
    assert chime.samples(seed=4) != loop
