"""WebRTC clients for tests, driven by JSON lines on standard input. Its end is abrupt on purpose: nodes must cope."""

import collections
import json
import os
import struct
import sys
import threading
import time

import libdatachannel as ldc

from vasistas.media.certificate import make_certificate

FRAME_PACKETS = 4
FRAMES_PER_KEY = 10
CERTIFICATE = make_certificate()
CODECS = {
    "VP8": ["a=rtpmap:96 VP8/90000"],
    "H264": ["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f"],
}
FIRST = {"VP8": (b"\x10\x00", b"\x10\x01"), "H264": (b"\x67\x42", b"\x41\x9a")}


class Peer:
    def __init__(self, direction, codec):
        configuration = ldc.Configuration()
        configuration.bind_address = "127.0.0.1"
        configuration.disable_auto_negotiation = True
        configuration.certificate_pem_file, configuration.key_pem_file = CERTIFICATE
        self.codec = codec
        self.received = collections.deque(maxlen=20_000)
        self.pumping = False
        self.connection = ldc.PeerConnection(configuration)
        self.state = ""
        self.ssrc = 22
        gathered = threading.Event()
        complete = ldc.PeerConnection.GatheringState.Complete
        self.connection.on_state_change(lambda state: setattr(self, "state", state.name))
        self.connection.on_gathering_state_change(lambda state: gathered.set() if state == complete else None)
        self.audio = self._track("audio", direction, ["a=rtpmap:111 opus/48000/2"], 111, 11)
        video = [*CODECS[codec], "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"]
        self.video = self._track("video", direction, video, 96, self.ssrc)
        if direction == "recvonly":
            self.video.set_media_handler(ldc.RtcpReceivingSession())
            self.video.on_message(self._receive)
        self.connection.set_local_description(ldc.Description.Type.Offer)
        gathered.wait(5)

    def _track(self, kind, direction, lines, payload_type, ssrc):
        ssrcs = [f"a=ssrc:{ssrc} cname:x"] if direction == "sendonly" else []
        head = [f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}", "c=IN IP4 0.0.0.0", f"a=mid:{kind}", f"a={direction}"]
        text = "\r\n".join([*head, "a=rtcp-mux", *lines, *ssrcs]) + "\r\n"
        return self.connection.add_track(ldc.Description.Media(text))

    def _receive(self, data):
        if not 192 <= data[1] <= 223:
            self.received.append(data)

    def pump(self, packets_per_s, first_sequence):
        """Send video and audio in a thread until told otherwise."""
        self.pumping = True
        key, inter = FIRST[self.codec]

        def run():
            began, number = time.monotonic(), 0
            while self.pumping:
                due = int((time.monotonic() - began) * packets_per_s)
                while number < due and self.pumping:
                    frame, place = divmod(number, FRAME_PACKETS)
                    start = (inter if frame % FRAMES_PER_KEY else key) if place == 0 else b"\x00\x00"
                    body = start + struct.pack("!I", number) + b"x" * 200
                    marker = 0x80 if place == FRAME_PACKETS - 1 else 0
                    sequence, timestamp = (first_sequence + number) & 0xFFFF, frame * 3_000
                    self._send(
                        self.video, struct.pack("!BBHII", 0x80, 96 | marker, sequence, timestamp, self.ssrc) + body
                    )
                    if place == 0:
                        audio = struct.pack("!BBHII", 0x80, 111, frame & 0xFFFF, frame * 960, 11)
                        self._send(self.audio, audio + b"audio")
                    number += 1
                time.sleep(0.003)

        threading.Thread(target=run, daemon=True).start()

    @staticmethod
    def _send(track, data):
        try:
            track.send(data)
        except RuntimeError:
            return

    def close(self):
        self.pumping = False
        for track in (self.audio, self.video):
            track.close()
        self.connection.close()


def act(peers, order):
    name = order["peer"]
    if order["act"] == "offer":
        peers[name] = Peer(order["direction"], order["codec"])
        return str(peers[name].connection.local_description())
    peer = peers[name]
    if order["act"] == "answer":
        peer.connection.set_remote_description(ldc.Description(order["sdp"], "answer"))
    elif order["act"] == "pump":
        peer.pump(order["packets_per_s"], order.get("first_sequence", 1))
    elif order["act"] == "halt":
        peer.pumping = False
    elif order["act"] == "state":
        return peer.state
    elif order["act"] == "received":
        fields = [struct.unpack_from("!BBHII", data) for data in list(peer.received)]
        return [[marker_type & 0x7F, sequence, timestamp] for _, marker_type, sequence, timestamp, _ in fields]
    elif order["act"] == "close":
        peer.close()
    return None


def main():
    peers = {}
    for line in sys.stdin:
        try:
            answer = {"result": act(peers, json.loads(line))}
        except Exception as error:  # noqa: BLE001 — the test shall see whatever it is
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    os._exit(0)


main()
