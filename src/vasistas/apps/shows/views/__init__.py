"""HTTP of shows."""

from vasistas.apps.shows.views.cams import cam_session, cam_whep, cam_whip

__all__ = ["cam_session", "cam_whep", "cam_whip"]
