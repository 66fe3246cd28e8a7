"""moto's DynamoDB reads each expression once, and goes through what it has read more quickly.

An update took it longer than everything else that a test of the ledger does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import pytest
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import ast_nodes, expressions

_nodes: Any = ast_nodes  # which have no types
_updates: Any = expressions


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Have moto remember expressions, which it copies before it changes anything in them."""
    patch.setattr(_updates.UpdateExpressionParser, "make", cache(_read_update))
    patch.setattr(ConditionExpressionParser, "_lex_condition_expression", _words)
    patch.setattr(_nodes.DepthFirstTraverser, "traverse", _traverse)
    patch.setattr(_nodes.Node, "find_clauses", _find)


_read_update: Callable[[str], Any] = _updates.UpdateExpressionParser.make
_read_words: Any = ConditionExpressionParser._lex_condition_expression  # noqa: SLF001 - moto has no other
_known_words: dict[str, tuple[Any, ...]] = {}


def _words(parser: Any) -> deque[Any]:
    text = parser.condition_expression
    if text not in _known_words:
        _known_words[text] = tuple(_read_words(parser))
    return deque(_known_words[text])


# Nodes are of abstract classes, which take their time to say whether something is one of theirs.
_is_kind: Callable[..., bool] = cache(issubclass)


def _traverse(traverser: Any, root: Any) -> Any:
    """As moto's own: children first, and each node of the kinds in question is replaced."""
    wanted = traverser.nodes_to_be_processed()

    def visit(node: Any, index: int) -> Any:
        if not _is_kind(type(node), _nodes.Node):
            return node
        parent = node.parent
        for child_index, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, child_index)
            visit(child, child_index)
        if _is_kind(type(node), wanted):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[index] = node
        return node

    return visit(root, -1)


def _find(node: Any, kinds: Collection[type]) -> list[Any]:
    """As moto's own: the clauses of some kinds, however deep."""
    parts = (_nodes.Expression, _nodes.UpdateExpressionFunction)
    found = []
    for child in node.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is_kind(type(child), parts):
            found += _find(child, kinds)
    return found
