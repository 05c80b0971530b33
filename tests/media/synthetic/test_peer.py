"""Two clients connected to each other, in a process of their own: the binding may hang, and a test must not."""

import json
import subprocess
import sys

PATIENCE_S = 60
PROGRAM = """
import json, os, sys, threading
from vasistas.media.synthetic import rtp, sdp
from vasistas.media.certificate import make_certificate
from vasistas.media.synthetic.peer import Peer, PeerFailed

CERTIFICATE = make_certificate()
SENDING = [("1", sdp.video_section(direction="sendonly", ssrc=22, rtx_ssrc=23))]
RECEIVING = [("1", sdp.video_section(direction="recvonly"))]
found = {"connected": 0, "requests": 0}

def meet():
    host, viewer = Peer(CERTIFICATE), Peer(CERTIFICATE)
    host.accept(viewer.answer(host.offer(SENDING), RECEIVING))
    host.wait_connected(10)
    viewer.wait_connected(10)
    found["connected"] += 1
    return host, viewer

def churn():
    for _ in range(10):
        host, viewer = meet()
        stream = rtp.Stream(22, 96, 90_000)
        for _ in range(20):
            host.send("1", stream.packet(b"x" * 900, timestamp=0, marker=True))
        host.close()
        viewer.close()

host, viewer = meet()
viewer.send("1", rtp.keyframe_request(ssrc=1, source=22))
while not host.inboxes["1"]:
    threading.Event().wait(0.01)
found["requests"] = [type(said).__name__ for said in rtp.feedback(host.inboxes["1"].popleft())]
host.close()
host.close()
viewer.close()
found["sent_after_close"] = host.send("1", b"x" * 20)
try:
    host.offer(SENDING)
except PeerFailed:
    found["offer_after_close"] = "refused"
threads = [threading.Thread(target=churn) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""


def test_peers_meet_speak_and_part_many_at_once():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )

    assert json.loads(ended.stdout) == {
        "connected": 31,
        "requests": ["KeyframeWanted"],
        "sent_after_close": False,
        "offer_after_close": "refused",
    }
