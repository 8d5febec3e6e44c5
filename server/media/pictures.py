"""A picture, unpacked wholly and written anew: nothing but its pixels is kept, no place, no camera, no comment."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps

from server.media.formats import DAMAGED, MAX_PIXELS, Refused

FULL: Final = 1920
SMALL: Final = 480
POSTER: Final = 960
_NAMES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SAVED: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 85, "progressive": True, "optimize": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 82, "method": 5},
}


def opened(path: Path, media_type: str) -> Image.Image:
    """The pixels of the file, upright and in sRGB. Raises Refused for one that cannot be unpacked to its last row."""
    # Beyond Pillow's own limit it only warns; here it is refused, whatever the frame said.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(path, formats=[_NAMES[media_type]]) as image:
                image.load()
                upright = ImageOps.exif_transpose(image)
                return _plain(upright if upright is not None else image)
    except Refused:
        raise
    except (OSError, ValueError, SyntaxError, Warning, MemoryError, Image.DecompressionBombError) as error:
        raise Refused(DAMAGED) from error


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shows through."""
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            srgb, given = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(image, given, srgb, outputMode="RGB")
            image = changed if changed is not None else image
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that cannot be read: the numbers are taken as they are
    if image.mode.startswith("I"):  # sixteen bits of grey
        image = image.point(lambda value: value / 256).convert("L")
    plain = image.convert("RGBA" if see_through else "RGB")
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)  # without what the file said besides its pixels
    return bare


def fitted(image: Image.Image, most: int) -> Image.Image:
    """The picture with its longer side at most `most` pixels."""
    if max(image.size) <= most:
        return image
    scale = most / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path, media_type: str) -> None:
    """Write the picture."""
    name = _NAMES[media_type]
    image.convert("RGB" if name == "JPEG" else image.mode).save(path, name, **_SAVED[name])
