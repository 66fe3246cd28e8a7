"""A part of a message that is no text → an image, a sound or a file.

By its address, its id, or its bytes in base64. Sources: those of `messages`.
"""

from __future__ import annotations

from capture_forwarder.parser.conversations.values import Document, Part


def read_media(piece: Document) -> Part | None:
    """Read a part; None if it is none of these.

    Parameters
    ----------
    piece
        The part as an API writes it.

    Returns
    -------
    dict or None
        Of the type `uri`, `file` or `blob`, as the conventions have them.
    """
    kind = piece.get("type")
    if kind in {"image_url", "input_image"}:
        held = piece.get("image_url")
        address = held.get("url") if isinstance(held, dict) else held
        return _at(address) if isinstance(address, str) else None
    if kind == "input_audio":
        sound = _dictionary(piece, "input_audio")
        return _blob("audio", f"audio/{sound.get('format', '*')}", sound.get("data"))
    if kind == "file":
        file = _dictionary(piece, "file")
        if isinstance(name := file.get("file_id"), str):
            return {"type": "file", "modality": "file", "file_id": name}
        return _blob("file", None, file.get("file_data"))
    return _of_source(piece)


def _of_source(piece: Document) -> Part | None:
    """Anthropic's images and documents, and Converse's, which have no type."""
    kind = piece.get("type")
    if kind in {"image", "document"}:
        source = _dictionary(piece, "source")
        if isinstance(address := source.get("url"), str):
            return {"type": "uri", "modality": str(kind), "uri": address}
        media = source.get("media_type")
        return _blob(str(kind), media if isinstance(media, str) else None, source.get("data"))
    if kind is None and "image" in piece:
        image = _dictionary(piece, "image")
        data = _dictionary(image, "source").get("bytes")
        return _blob("image", f"image/{image.get('format', '*')}", data)
    return None


def _at(address: str) -> Part:
    """An image by its address, which may hold the image itself (RFC 2397)."""
    head, comma, data = address.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return _blob("image", head[len("data:") : -len(";base64")], data) or {}
    return {"type": "uri", "modality": "image", "uri": address}


def _blob(modality: str, kind: str | None, data: object) -> Part | None:
    if not isinstance(data, str):
        return None
    return {"type": "blob", "modality": modality, "mime_type": kind, "content": data}


def _dictionary(held: Document, key: str) -> Document:
    inner = held.get(key)
    return inner if isinstance(inner, dict) else {}
