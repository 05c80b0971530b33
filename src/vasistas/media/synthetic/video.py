"""Codes pictures as VP8 or H264, one frame in, its RTP payloads out, tuned for a live picture on little CPU."""

from typing import Literal

import av
from PIL import Image

from vasistas.media.synthetic import rtp
from vasistas.media.synthetic.scenes.painting import Size

type Codec = Literal["VP8", "H264"]

KEY_FRAME_EVERY_S = 10  # viewers ask when they need one sooner
CODERS = {
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "10", "lag-in-frames": "0", "error-resilient": "1",
                       "noise-sensitivity": "0", "static-thresh": "60", "max-intra-rate": "600"}),
    "H264": ("libx264", {"preset": "superfast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"}),
}  # fmt: skip


class Coder:
    """One stream of frames."""

    def __init__(self, codec: Codec, *, size: Size, fps: int, bitrate_bps: int) -> None:
        name, options = CODERS[codec]
        self._codec = codec
        coder = av.CodecContext.create(name, "w")
        if not isinstance(coder, av.VideoCodecContext):
            raise TypeError(f"{name} codes no pictures.")
        coder.width, coder.height = size
        coder.pix_fmt = "yuv420p"
        coder.framerate = fps
        coder.bit_rate = bitrate_bps
        coder.gop_size = fps * KEY_FRAME_EVERY_S
        coder.thread_count = 1
        coder.options = {**options, "maxrate": str(bitrate_bps), "bufsize": str(bitrate_bps)}
        self._coder = coder
        self._number = 0

    def payloads(self, picture: Image.Image, *, is_key: bool) -> list[bytes]:
        """Return the RTP payloads of the next frame; a key frame when `is_key`."""
        rgb = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV leaves it so
        frame = rgb.reformat(format="yuv420p")
        frame.pts = self._number
        frame.pict_type = av.video.frame.PictureType.I if is_key else av.video.frame.PictureType.NONE
        self._number += 1
        coded = b"".join(bytes(packet) for packet in self._coder.encode(frame))
        if not coded:
            return []
        if self._codec == "H264":
            return rtp.h264_payloads(coded)
        return rtp.vp8_payloads(coded, picture_id=self._number)
