"""Writes golden.json.gz: images of our own making in every form that is read,
and what Pillow and numpy make of them.

Made with Python 3, Pillow 13.0.0 (libjpeg-turbo 6.2 API, libwebp), numpy 2.4.6:
    python3 -m venv v && v/bin/pip install pillow==13.0.0 numpy==2.4.6
    v/bin/python golden.py
"""

import base64
import gzip
import io
import json
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageOps

W, H = 45, 29
rng = np.random.default_rng(7)
cases = []


# Where chroma is subsampled, Pillow interpolates it and Go repeats it: sharp
# edges of color differ, smooth ones hardly.


def scene(w=W, h=H, shapes=True):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([x * 255 // (w - 1), y * 255 // (h - 1), (x + y) * 255 // (w + h - 2)], -1).astype(np.uint8)
    m = Image.fromarray(a, "RGB")
    if not shapes:
        return m
    d = ImageDraw.Draw(m)
    d.rectangle((4, 3, w // 3, h // 2), fill=(250, 30, 20))
    d.ellipse((w // 2, h // 3, w - 5, h - 4), fill=(20, 60, 240))
    return m


def alpha(m):
    m = m.convert("RGBA")
    y, x = np.mgrid[0 : m.height, 0 : m.width]
    m.putalpha(Image.fromarray(((x * 7 + y * 5) % 256).astype(np.uint8), "L"))
    return m


def saved(m, form, **options):
    b = io.BytesIO()
    m.save(b, form, **options)
    return b.getvalue()


def want(data):
    m = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if m.mode.startswith("I;16") or m.mode == "I":
        return Image.fromarray((np.asarray(m).astype(np.uint32) >> 8).astype(np.uint8), "L").convert("RGB")
    if m.mode in ("P", "PA", "LA", "RGBA") or "transparency" in m.info:
        m = m.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", m.size, "white"), m).convert("RGB")
    return m.convert("RGB")


def packed(b):
    return base64.b64encode(b).decode()


def case(name, data, most, mean):
    """most and mean: by how much a byte, and the bytes on average, may differ."""
    m = want(data)
    cases.append({"name": name, "data": packed(data), "width": m.width, "height": m.height,
                  "rgb": packed(m.tobytes()), "most": most, "mean": mean})


def png(rows, depth, kind, w, h, interlaced=False, extra=b""):
    """rows: bytes of pixels, [h][w][bytes of a pixel]"""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    body = b""
    for x0, y0, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        for y in range(y0, h, dy):
            if x0 < w:
                body += b"\0" + rows[y, x0::dx].tobytes()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, int(interlaced)))
            + extra + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b""))


def exif(o):
    e = Image.Exif()
    e[0x010F] = "maker"
    e[0x0112] = o
    return e


rgb = scene()
case("jpeg 444", saved(rgb, "JPEG", quality=92, subsampling=0), 3, 0.6)
case("jpeg 422", saved(rgb, "JPEG", quality=92, subsampling=1), 90, 5)
case("jpeg 420", saved(rgb, "JPEG", quality=92, subsampling=2), 120, 7)
case("jpeg 420 smooth", saved(scene(64, 48, False), "JPEG", quality=95, subsampling=2), 12, 2)
case("jpeg 420 progressive", saved(scene(64, 48, False), "JPEG", quality=95, subsampling=2, progressive=True), 12, 2)
case("jpeg progressive", saved(rgb, "JPEG", quality=92, subsampling=0, progressive=True), 3, 0.6)
case("jpeg restart", saved(rgb, "JPEG", quality=92, subsampling=0, restart_marker_blocks=2), 3, 0.6)
case("jpeg gray", saved(rgb.convert("L"), "JPEG", quality=92), 2, 0.4)
case("jpeg rgb", saved(rgb, "JPEG", quality=92, keep_rgb=True), 3, 0.6)
cmyk = saved(rgb.convert("CMYK"), "JPEG", quality=95)
case("jpeg cmyk", cmyk, 4, 0.8)
at = cmyk.index(b"Adobe")
case("jpeg ycck", cmyk[: at + 11] + b"\2" + cmyk[at + 12 :], 4, 0.8)

case("png rgb", saved(rgb, "PNG"), 0, 0)
case("png rgba", saved(alpha(rgb), "PNG"), 1, 0.5)
case("png gray", saved(rgb.convert("L"), "PNG"), 0, 0)
case("png gray alpha", saved(alpha(rgb).convert("LA"), "PNG"), 1, 0.5)
case("png bits", saved(rgb.convert("1"), "PNG"), 0, 0)
case("png palette", saved(rgb.quantize(16), "PNG"), 0, 0)
case("png palette alpha", saved(rgb.quantize(64), "PNG", transparency=bytes(range(0, 256, 4))), 1, 0.5)
case("png palette 2 bits", saved(rgb.quantize(4), "PNG", bits=2), 0, 0)
case("png gray 16", saved(Image.fromarray(rng.integers(0, 65536, (H, W), dtype=np.uint16)), "PNG"), 0, 0)
deep = rng.integers(0, 65536, (H, W, 3)).astype(">u2").view(np.uint8).reshape(H, W, 6)
case("png rgb 16", png(deep, 16, 2, W, H), 0, 0)
case("png interlaced", png(np.asarray(rgb), 8, 2, W, H, True), 0, 0)
case("png interlaced 3x5", png(np.asarray(rgb)[:5, :3], 8, 2, 3, 5, True), 0, 0)
case("png one pixel", saved(rgb.crop((0, 0, 1, 1)), "PNG"), 0, 0)

gif = rgb.quantize(32)
case("gif", saved(gif, "GIF"), 0, 0)
case("gif interlaced", saved(gif, "GIF", interlace=1), 0, 0)
case("gif transparent", saved(gif, "GIF", transparency=gif.getpixel((8, 8))), 0, 0)
case("gif frames", saved(gif, "GIF", save_all=True, append_images=[gif.rotate(90 * i) for i in (1, 2, 3)], duration=50), 0, 0)
part = bytearray(saved(gif, "GIF", transparency=3))
part[6:10] = struct.pack("<HH", W + 11, H + 6)
at = part.index(b"," + struct.pack("<HHHH", 0, 0, W, H))
part[at + 1 : at + 5] = struct.pack("<HH", 7, 2)
case("gif offset", bytes(part), 0, 0)

case("webp lossless", saved(rgb, "WEBP", lossless=True), 0, 0)
case("webp lossless alpha", saved(alpha(rgb), "WEBP", lossless=True, exact=True), 1, 0.5)
case("webp lossy", saved(rgb, "WEBP", quality=90), 120, 7)
case("webp lossy smooth", saved(scene(64, 48, False), "WEBP", quality=95), 12, 2)
case("webp lossy gray", saved(rgb.convert("L").convert("RGB"), "WEBP", quality=90), 3, 0.6)
case("webp lossy alpha", saved(alpha(rgb), "WEBP", quality=90), 120, 4)

small = scene(17, 11)
for o in range(1, 9):
    case(f"jpeg orientation {o}", saved(small.convert("L"), "JPEG", quality=95, exif=exif(o)), 2, 0.5)
    case(f"png orientation {o}", saved(small, "PNG", exif=exif(o)), 0, 0)
    case(f"webp orientation {o}", saved(small, "WEBP", lossless=True, exif=exif(o)), 0, 0)
big = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
case("jpeg orientation of a big-endian writer", saved(small.convert("L"), "JPEG", quality=95, exif=big), 2, 0.5)

# In two steps, because Pillow 13 decides by the sizes which way goes first.
noise = Image.fromarray(rng.integers(0, 256, (H, W, 3), dtype=np.uint8), "RGB")
resized = []
for m in (rgb, noise):
    for w, h in [(W, H), (20, 14), (13, 7), (90, 58), (101, 77), (1, 1), (W, 9), (7, H), (3, 100), (200, 1), (44, 28)]:
        resized.append({"from": packed(m.tobytes()), "width": w, "height": h,
                        "rgb": packed(m.resize((w, H), Image.Resampling.BICUBIC).resize((w, h), Image.Resampling.BICUBIC).tobytes())})

# Rows of patches: what a Conv2d with a stride of its size sees.
side, mean, std = 7, [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
m = noise.resize((42, 28))
v = (np.asarray(m).astype(np.float32) / np.float32(255) - np.array(mean, np.float32)) / np.array(std, np.float32)
rows = v.transpose(2, 0, 1).reshape(3, 4, side, 6, side).transpose(1, 3, 0, 2, 4).reshape(24, 3 * side * side)
patches = {"width": 42, "height": 28, "side": side, "mean": mean, "std": std,
           "rgb": packed(m.tobytes()), "rows": packed(rows.astype("<f4").tobytes())}

with open("golden.json.gz", "wb") as f:
    with gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
        z.write(json.dumps({"width": W, "height": H, "decode": cases, "resize": resized, "patches": patches}).encode())
