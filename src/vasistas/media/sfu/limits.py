"""Every bound of a node, with its unit. `Limits` holds those an operator may set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Args: rooms, viewers, probes: at one time on the node. publisher_bitrate_bps: all layers and audio together."""

    rooms: int = 64
    viewers: int = 2_000
    viewers_per_room: int = 1_000
    probes: int = 8
    publisher_bitrate_bps: int = 6_000_000


SDP_BYTES_MAX = 65_536  # of one offer
SDP_LINES_MAX = 2_000
PUBLISHER_PACKETS_PER_S_MAX = 3_000  # above it packets are dropped; the second second of it ends the session
PUBLISHER_STRIKES_MAX = 2
VIEWER_PACKETS_PER_S_MAX = 200  # of reports and requests; more are dropped
VIEWER_REQUESTS_MAX = 256  # of packets asked for again in one report
PUBLISHER_SSRCS_MAX = 16  # streams one publisher may open
BITRATE_OVER_RATIO = 1.5  # of the limit: probing overshoots a little, and that is no offence
BITRATE_OVER_S_MAX = 10  # seconds in a row above it end the session

CONNECT_S_MAX = 15.0  # from the answer to media: ICE and DTLS
SILENCE_S_MAX = 8.0  # no RTP from a publisher, no RTCP from a viewer: it is gone
ROOM_LINGER_S = 30.0  # a room waits this long for its publisher
PROBE_S_MAX = 20.0
GATHER_S_MAX = 3.0  # local candidates
CLOSE_GRACE_S = 3.0  # between close and the last reference: callbacks under way must end

ROOM_QUEUE_PACKETS_MAX = 4_096
RING_PACKETS = 1_024  # kept per stream for resending; a power of two
RESENDS_PER_PACKET_MAX = 3  # to one viewer
RESEND_PAUSE_S = 0.06  # before the same packet goes to the same viewer again
RESEND_RATIO_MAX = 0.2  # of the stream's rate, per viewer
KEY_FRAME_PAUSE_S = 0.5  # between two requests on one stream

EVENTS_KEPT = 10_000
EVENTS_WAIT_S_MAX = 25.0
SESSIONS_REMEMBERED = 50_000  # ids that may not be used again
DELIVERED_EVENT_S = 5.0
