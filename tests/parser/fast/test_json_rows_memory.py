"""The compiled code reads and writes nothing but what it is given.

Each text ends where a page begins that nobody may touch, and so does the room for what is written:
one byte too far kills the process.
"""

from __future__ import annotations

import sys

import pytest

from capture_forwarder.parser.fast.compiled import LIBRARY
from tests.support.fresh_process import run

pytestmark = [
    pytest.mark.skipif(not LIBRARY.exists(), reason="`make test` compiles what is tested"),
    pytest.mark.skipif(sys.platform != "linux", reason="guards pages as Linux does"),
]

GUARDED = """
import ctypes, mmap, random, sys
from ctypes import c_char_p, c_int64, c_void_p

MARKS = b'0123456789-+.eE,NanN\\n{}"\\0\\xff'
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = c_void_p
libc.mmap.argtypes = (c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, c_int64)
libc.mprotect.argtypes = (c_void_p, ctypes.c_size_t, ctypes.c_int)


class Guarded:
    '''Two pages, the second of which nobody may touch.'''

    def __init__(self):
        self.start = libc.mmap(None, 2 * PAGE, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        assert libc.mprotect(self.start + PAGE, PAGE, 0) == 0

    def before_the_end(self, size, data=b''):
        '''Where so many bytes end with the first page; puts data there.'''
        ctypes.memmove(self.start + PAGE - size, data, len(data))
        return self.start + PAGE - size


class Column(ctypes.Structure):
    _fields_ = (('front', c_char_p), ('length', c_int64), ('kind', c_int64))


write = ctypes.CDLL(LIBRARY).write_json_rows
write.restype = c_int64
text = (c_void_p, c_int64)
write.argtypes = (c_void_p, c_int64, c_int64, *text, *text, *text, c_int64, *text)
fronts = (b'{"a":', b',"b":', b',"c":')
columns = (Column * 3)(*(Column(front, len(front), kind) for kind, front in enumerate(fronts)))
pages = [Guarded() for _ in range(4)]


def call(sent, answered, tails, rows, room):
    texts = []
    for page, text in zip(pages, (sent, answered, tails)):
        texts += [page.before_the_end(len(text), text), len(text)]
    out = pages[3].before_the_end(room)
    done = write(columns, 2, 1, *texts, rows, out, room)
    return ctypes.string_at(out, done) if done else None


def main():
    whole = (b'-1.25e-7,3\\n0,NaN\\n', b'77\\n-5', b'{"id":"x"}\\n{}\\n')
    expected = b'{"a":-1.25e-7,"b":3.0,"c":77,"id":"x"},\\n{"a":0,"b":null,"c":-5}'
    assert call(*whole, 2, len(expected)) == expected
    assert call(*whole, 2, len(expected) + 9) == expected
    assert call(*whole[:2], whole[2] + b'{}\\n', 2, 200) is None
    for room in range(len(expected)):
        assert call(*whole, 2, room) is None, room
    for side, text in enumerate(whole):
        for size in range(len(text)):
            for rows in (1, 2, 3):
                call(*whole[:side], text[:size], *whole[side + 1:], rows, 200)
    generator = random.Random(1)
    for _ in range(20_000):
        texts = [bytearray(text) for text in whole]
        for _ in range(generator.randint(1, 3)):
            text = generator.choice(texts)
            text[generator.randrange(len(text))] = generator.choice(MARKS)
        call(*map(bytes, texts), generator.randint(1, 4), generator.randint(0, 90))
    print('nothing else was touched')


main()
"""


def test_no_byte_is_touched_beyond_what_is_given() -> None:
    assert run(f"LIBRARY = {str(LIBRARY)!r}\n{GUARDED}") == ["nothing else was touched"]
