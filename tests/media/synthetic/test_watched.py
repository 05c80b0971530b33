"""What a viewer of the synthetic host gets through a real node: pictures that decode, and key frames when asked."""

import json
import secrets
import subprocess
import sys
import time

import pytest

from tests.media import nodes
from vasistas.lib import grants

PATIENCE_S = 60
GRANT_S = 600
VIEWER = """
import json, os, sys, time
import av, httpx
from vasistas.media.certificate import make_certificate
from vasistas.media.sfu import rtp as node_rtp
from vasistas.media.synthetic import rtp, sdp
from vasistas.media.synthetic.peer import Peer

url, grant = sys.argv[1:]
peer = Peer(make_certificate())
offer = peer.offer([("0", sdp.audio_section(direction="recvonly")), ("1", sdp.video_section(direction="recvonly"))])
headers = {"Authorization": f"Bearer {grant}", "Content-Type": "application/sdp"}
answer = httpx.post(f"{url}/whep", content=offer, headers=headers, trust_env=False).raise_for_status().text
peer.accept(answer)
peer.wait_connected(10)

pictures = av.CodecContext.create("vp8", "r")
sounds = av.CodecContext.create("libopus", "r")
found = {"size": None, "frames": 0, "keys": 0, "loudest": 0, "asked": False, "reports": 0}
frame = b""
deadline = time.monotonic() + 30
while time.monotonic() < deadline and (found["frames"] < 40 or found["keys"] < 2 or not found["loudest"]):
    while peer.inboxes["0"]:
        data = peer.inboxes["0"].popleft()
        if not rtp.is_rtcp(data):
            for sound in sounds.decode(av.Packet(node_rtp.parse(data).payload)):
                found["loudest"] = max(found["loudest"], max(map(abs, memoryview(bytes(sound.planes[0])).cast("h"))))
    while peer.inboxes["1"]:
        data = peer.inboxes["1"].popleft()
        if rtp.is_rtcp(data):
            found["reports"] += 1
            continue
        packet = node_rtp.parse(data)
        if packet.payload_type != 96:
            continue
        frame += packet.payload[4:]
        if not packet.is_marked:
            continue
        found["keys"] += not frame[0] & 1
        for picture in pictures.decode(av.Packet(frame)):
            found["frames"] += 1
            found["size"] = [picture.width, picture.height]
        frame = b""
        if found["frames"] >= 20 and not found["asked"]:
            found["asked"], found["keys_before"] = True, found["keys"]
            peer.send("1", rtp.keyframe_request(ssrc=1, source=packet.ssrc))
    time.sleep(0.005)
peer.close()
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def node():
    running = nodes.RunningNode()
    yield running
    running.stop()


def grant(act):
    """What the site gives the node in place of a stream key, or of a member who watches."""
    claims = {"act": act, "room": "1", "session": secrets.token_hex(16), "takeover": False}
    return grants.sign(claims, audience="media", ttl_s=GRANT_S, key=nodes.KEY, now=time.time())


def test_a_viewer_decodes_picture_and_tune_and_gets_a_key_frame_on_request(node, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text(grant("publish"))
    host = subprocess.Popen(
        [
            *(sys.executable, "-m", "vasistas.media.synthetic", "--whip", f"{node.url}/whip"),
            *("--key-file", str(key_file), "--scene", "harbour", "--title", "A test"),
        ]
    )
    try:
        nodes.until(lambda: node.client.node_stats().packets_received > 50)
        seen = subprocess.run(
            [sys.executable, "-c", VIEWER, node.url, grant("play")],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    finally:
        host.kill()
        host.wait()

    assert not seen.stderr
    found = json.loads(seen.stdout)
    assert (found["size"], found["keys_before"]) == ([768, 432], 1)
    assert found["keys"] == 2
    assert found["frames"] >= 40
    assert found["loudest"] > 300
    assert found["reports"] > 0
