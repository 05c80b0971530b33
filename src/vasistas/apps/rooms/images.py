"""Turn what a browser uploads into a small picture that carries nothing but pixels."""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from vasistas.lib.errors import DomainError

UPLOAD_BYTES_MAX = 512 * 1024
PIXELS_MAX = 4_000_000
WIDTH_PX, HEIGHT_PX = 640, 360
QUALITY = 72
FORMATS = ["JPEG", "PNG", "WEBP"]


class PictureRefused(DomainError):  # noqa: N818 — refusals read as facts
    status = 422
    code = "rooms.no_picture"


class PictureTooLarge(PictureRefused):
    status = 413
    code = "rooms.picture_too_large"


def encode_thumbnail(data: bytes) -> bytes:
    """Return a WebP of WIDTH_PX × HEIGHT_PX without metadata: pixels are copied onto a fresh canvas.

    Raises: PictureTooLarge: more than UPLOAD_BYTES_MAX or PIXELS_MAX, judged before anything is decoded.
    PictureRefused: no picture, or a broken one.
    """
    if len(data) > UPLOAD_BYTES_MAX:
        raise PictureTooLarge(f"The picture has more than {UPLOAD_BYTES_MAX // 1024} kB. Send a smaller one.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise PictureTooLarge(f"The picture has more than {PIXELS_MAX // 1_000_000} megapixels.")
            picture.draft("RGB", (WIDTH_PX, HEIGHT_PX))  # JPEG: decode no more than is needed
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureTooLarge(f"The picture has more than {PIXELS_MAX // 1_000_000} megapixels.") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise PictureRefused("This is no picture in JPEG, PNG or WebP.") from None
    return _encode(upright)


def _encode(picture: Image.Image) -> bytes:
    size = (WIDTH_PX, HEIGHT_PX)
    # A wide picture fills the card; an upright one (a phone) keeps its whole height on black.
    scaled = ImageOps.fit(picture, size) if picture.width >= picture.height else ImageOps.pad(picture, size)
    canvas = Image.new("RGB", size)
    canvas.paste(scaled)
    out = io.BytesIO()
    canvas.save(out, "WEBP", quality=QUALITY)
    return out.getvalue()
