"""Planted things that must not come out: EXIF with a GPS position, text chunks, colour profiles, bombs."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from vasistas.apps.rooms import images

GPS_IFD = 0x8825
RED, BLUE = (200, 30, 30), (20, 20, 220)


def picture(kind: str = "JPEG", size: tuple[int, int] = (1280, 720), colour=RED, **save) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **save)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    out = Image.open(io.BytesIO(data))
    out.load()
    return out


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge, with no pixels to pay for it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_a_webp_of_one_size(kind: str) -> None:
    out = decoded(images.encode_thumbnail(picture(kind)))
    assert (out.format, out.size, out.mode) == ("WEBP", (640, 360), "RGB")
    assert all(abs(seen - meant) < 12 for seen, meant in zip(out.getpixel((320, 180)), RED, strict=True))


def test_a_position_planted_in_exif_does_not_come_out() -> None:
    exif = Image.Exif()
    exif[0x010E] = "the kitchen of Ada"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (49.0, 36.0, 40.0), 3: "E", 4: (6.0, 7.0, 55.0)})
    planted = picture(exif=exif.tobytes())
    assert decoded(planted).getexif().get_ifd(GPS_IFD)[1] == "N"  # it could leak
    out = images.encode_thumbnail(planted)
    assert not decoded(out).getexif()
    assert b"EXIF" not in out
    assert b"kitchen" not in out


def test_text_and_colour_profile_do_not_come_out() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Ada Lovelace")
    planted = picture("PNG", pnginfo=text, icc_profile=b"a profile with a serial number")
    assert b"Ada Lovelace" in planted
    out = images.encode_thumbnail(planted)
    assert b"Ada" not in out
    assert b"ICCP" not in out
    assert set(decoded(out).info) <= {"loop", "background", "timestamp", "duration"}


def test_an_upright_picture_keeps_its_height_on_black() -> None:
    out = decoded(images.encode_thumbnail(picture(size=(720, 1280), colour=BLUE)))
    assert out.size == (640, 360)
    assert max(out.getpixel((5, 180))) < 16
    assert out.getpixel((320, 5))[2] > 180


def test_a_picture_turned_by_exif_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    out = decoded(images.encode_thumbnail(picture(size=(1280, 720), colour=BLUE, exif=exif.tobytes())))
    assert max(out.getpixel((5, 180))) < 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        picture()[:400],  # cut off
        picture("PNG")[:60],
        picture("GIF"),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(images.PictureRefused) as refused:
        images.encode_thumbnail(data)
    assert refused.value.status == 422


@pytest.mark.parametrize("side", [2_001, 12_000, 60_000])
def test_bombs_are_refused_before_they_are_decoded(side: int) -> None:
    with pytest.raises(images.PictureTooLarge):
        images.encode_thumbnail(png_header(side, side))


def test_bytes_beyond_the_limit_are_refused_unread() -> None:
    with pytest.raises(images.PictureTooLarge):
        images.encode_thumbnail(b"x" * (images.UPLOAD_BYTES_MAX + 1))
