"""A response's document → the vectors of an embedding model, of which the length alone is kept.

Sources: OpenAI, "Embeddings"; Hugging Face, "Text Embeddings Inference"; Cohere, "Embed".
"""

from __future__ import annotations

from collections.abc import Sequence

_DEEPEST = 4
_NAMED = ("embedding", "embeddings", "float", "vectors")
_CONTAINERS = ("data", "predictions")
_SHORTEST = 16
"""The fewest numbers of a vector that nobody calls one: fewer may be the scores of classes."""


def dimensions_of(document: object) -> int | None:
    """How long the vectors of a response are; None where it holds no vectors, or uneven ones."""
    lengths = {len(vector) for vector in _vectors(document, 0, named=False) or ()}
    return lengths.pop() if len(lengths) == 1 else None


def _vectors(document: object, depth: int, *, named: bool) -> list[Sequence[object]] | None:
    """The innermost lists of numbers; base64 texts stand for no vector that can be measured."""
    if depth > _DEEPEST:
        return None
    if isinstance(document, dict):
        found = next((key for key in (*_NAMED, *_CONTAINERS) if key in document), None)
        if found is None:
            return None
        return _vectors(document[found], depth + 1, named=named or found in _NAMED)
    if not isinstance(document, list) or not document:
        return None
    if all(type(one) in (float, int) for one in document):
        return [document] if named or (depth and len(document) >= _SHORTEST) else None
    inner = [_vectors(one, depth + 1, named=named) for one in document]
    return [vector for vectors in inner for vector in vectors or ()] if all(inner) else None
