"""Proof that one record is under a seal: the audit path of RFC 9162, section 2.1.3."""

from collections.abc import Sequence

from services.trace.seal import Frontier, node


def path_of(frontier: Frontier, leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of a leaf in the tree of a seal, lowest first.

    frontier: before the seal. leaves: those the seal added. index: of the leaf in the whole tree,
    `frontier.count` or above.
    """
    tree = _Tree(frontier, leaves)
    return tree.path(index, 0, frontier.count + len(leaves))


def root_from(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its audit path lead to (RFC 9162, 2.1.3.2).

    None: a path of this length does not belong to this index in a tree of `count` leaves.
    """
    if not 0 <= index < count:
        return None
    here, last, root = index, count - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if here & 1 or here == last:
            root = node(beside, root)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            root = node(root, beside)
        here, last = here >> 1, last >> 1
    return root if last == 0 else None


class _Tree:
    """The tree of a seal, of whose older part only the full subtrees are known."""

    def __init__(self, frontier: Frontier, leaves: Sequence[bytes]) -> None:
        self._known: dict[tuple[int, int], bytes] = {}
        start, rest = 0, frontier.count
        for known in frontier.hashes:
            size = 1 << (rest.bit_length() - 1)
            self._known[start, start + size] = known
            start, rest = start + size, rest - size
        for number, leaf in enumerate(leaves, start):
            self._known[number, number + 1] = leaf

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        """Return the path from a leaf to the root of the leaves from `start` up to `end`."""
        if end - start == 1:
            return []
        middle = _middle(start, end)
        if index < middle:
            return [*self.path(index, start, middle), self._root(middle, end)]
        return [*self.path(index, middle, end), self._root(start, middle)]

    def _root(self, start: int, end: int) -> bytes:
        if (start, end) not in self._known:
            middle = _middle(start, end)
            self._known[start, end] = node(self._root(start, middle), self._root(middle, end))
        return self._known[start, end]


def _middle(start: int, end: int) -> int:
    """Return where RFC 9162 splits: after the largest power of two below the number of leaves."""
    return start + (1 << ((end - start - 1).bit_length() - 1))
