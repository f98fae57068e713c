"""Types of files, by their extensions: one table for Apache and NGINX, whose packages have different ones.

Types are IANA's, as in Debian's /etc/mime.types.
"""

from __future__ import annotations

_OFFICE = "application/vnd.openxmlformats-officedocument"

# Type → extensions.
TYPES = {
    "text/html": "html htm shtml",
    "text/css": "css",
    "text/javascript": "js mjs",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/calendar": "ics",
    "text/markdown": "md",
    "text/vcard": "vcf",
    "text/vtt": "vtt",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/geo+json": "geojson",
    "application/manifest+json": "webmanifest",
    "application/xml": "xml",
    "application/xhtml+xml": "xhtml",
    "application/atom+xml": "atom",
    "application/rss+xml": "rss",
    "application/wasm": "wasm",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/epub+zip": "epub",
    "application/zip": "zip",
    "application/gzip": "gz tgz",
    "application/x-bzip2": "bz2",
    "application/x-xz": "xz",
    "application/zstd": "zst",
    "application/x-7z-compressed": "7z",
    "application/x-tar": "tar",
    "application/vnd.rar": "rar",
    "application/java-archive": "jar war ear",
    "application/vnd.debian.binary-package": "deb",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    "application/octet-stream": "bin exe dll img iso dmg msi",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/jxl": "jxl",
    "image/bmp": "bmp",
    "image/tiff": "tif tiff",
    "image/vnd.microsoft.icon": "ico",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "application/vnd.ms-fontobject": "eot",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg oga opus",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/x-wav": "wav",
    "video/mp4": "mp4 m4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/mpeg": "mpg mpeg",
    "video/x-msvideo": "avi",
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
}

# Types that shrink: text. NGINX compresses text/html in any case; programs have other names for JavaScript and XML.
COMPRESSED = (
    *("text/css", "text/javascript", "text/plain", "text/csv", "text/calendar", "text/markdown", "text/vcard"),
    *("text/vtt", "text/xml", "application/javascript", "application/json", "application/ld+json"),
    *("application/geo+json", "application/manifest+json", "application/problem+json", "application/vnd.api+json"),
    *("application/xml", "application/xhtml+xml", "application/atom+xml", "application/rss+xml", "application/wasm"),
    *("application/dash+xml", "application/vnd.google-earth.kml+xml", "application/vnd.ms-fontobject", "font/ttf"),
    *("font/otf", "image/svg+xml", "image/bmp", "image/vnd.microsoft.icon", "model/gltf+json"),
)

# Files of a page: where one is missing, no page of an application takes its place. Pages themselves are not among them.
ASSETS = tuple(
    extension for type, extensions in TYPES.items() if type != "text/html" for extension in extensions.split()
)
