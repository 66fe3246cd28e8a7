"""Modules that a cold start does not run are whole for whoever asks for more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fresh_process import run

HANDLER = "import capture_forwarder.handlers.forwarder"
CLIENT = "from capture_forwarder.aws.clients import s3_client; s3_client()"
MODULE = "<class 'capture_forwarder.core.postponed._PostponedModule'>"
POSTPONED = (
    *("configparser", "zipfile", "importlib.metadata", "dateutil.tz", "dateutil.parser"),
    *("subprocess", "idna", "calendar", "http.cookies", "shutil", "selectors", "mimetypes"),
    *("email.header", "xml.etree.ElementPath", "botocore.monitoring", "botocore.waiter"),
    "botocore.retries.adaptive",
)


def test_a_cold_start_makes_clients_and_runs_none_of_them() -> None:
    printed = run(
        f"{HANDLER}\n"
        "from capture_forwarder.aws.clients import dynamodb_client, s3_client\n"
        "s3_client(), dynamodb_client()\n"
        "import sys\n"
        "print(*sys.modules, sep='\\n')\n"
        f"print(*[type(sys.modules[name]).__name__ for name in {POSTPONED}], sep='\\n')"
    )

    assert {*POSTPONED, "botocore.client", "botocore.docs.utils"} <= {*printed}
    assert not {"six", "dateutil.tz.tz", "dateutil.relativedelta"} & {*printed}
    assert not {"importlib.metadata._adapters", "botocore.docs.bcdoc", "html.parser"} & {*printed}
    assert printed[-len(POSTPONED) :] == ["_PostponedModule"] * len(POSTPONED)


ADAPTIVE = (
    "import boto3; config = Config(retries={'mode': 'adaptive'}); "
    "print(boto3.client('s3', config=config).meta.config.retries['mode'])"
)
IN_ASCII = "xn--tda.example"
PREPARED = "requests.Request('GET', 'http://ü.example').prepare()"

ANSWERS = [
    ("import zipfile; print(zipfile.ZipFile.__name__)", "ZipFile"),
    ("from zipfile import ZipFile; print(ZipFile.__name__)", "ZipFile"),
    ("from configparser import *; print(RawConfigParser.__name__)", "RawConfigParser"),
    ("from importlib.metadata import version; print(version('pydantic')[0])", "2"),
    ("from importlib import metadata; print(metadata.version('pydantic')[0])", "2"),
    ("import importlib.metadata as m; print(m.distribution('pydantic').name)", "pydantic"),
    ("import importlib.metadata; print(importlib.metadata.version('pydantic')[0])", "2"),
    ("import importlib; print(importlib.metadata.distribution('pydantic').name)", "pydantic"),
    ("import zipfile; print(hasattr(zipfile, 'no_such_name'))", "False"),
    ("import zipfile; print(hasattr(zipfile, '__wrapped__'))", "False"),
    ("import zipfile; print(zipfile.ZIP_STORED, type(zipfile).__name__)", "0 module"),
    ("from dateutil.tz import tzutc; print(tzutc())", "tzutc()"),
    ("from dateutil.tz import UTC, tzutc; print(tzutc.__mro__[1].__name__)", "tzinfo"),
    ("from dateutil.tz import tzutc as a, UTC; print(isinstance(UTC, a))", "True"),
    ("from dateutil.tz import tzutc as a, tzlocal as b; print(isinstance(b(), a))", "False"),
    ("from dateutil.tz import tzutc as a, UTC; print(issubclass(type(UTC), a))", "True"),
    ("from dateutil.tz import tzutc\nclass Own(tzutc): pass\nprint(Own())", "Own()"),
    ("from dateutil.tz import tzlocal as a; print(a.tzname.__name__)", "tzname"),
    (
        "from dateutil.parser import parse; print(parse('21 Oct 2015').year)",
        "2015",
    ),
    ("import dateutil.parser as p; print(p.isoparse('2026-03-01').year)", "2026"),
    ("import subprocess; print(subprocess.run(['true']).returncode)", "0"),
    ("from subprocess import Popen; print(Popen(['true']).wait())", "0"),
    ("import idna; print(idna.encode('bücher.example').decode())", "xn--bcher-kva.example"),
    ("import requests; print(requests.packages.idna.encode('ü.example').decode())", IN_ASCII),
    (f"import requests; print({PREPARED}.url)", f"http://{IN_ASCII}/"),
    ("import calendar; print(calendar.timegm((1970, 1, 2, 0, 0, 0)))", "86400"),
    ("from calendar import timegm; print(timegm((1970, 1, 2, 0, 0, 0)))", "86400"),
    ("from http.cookies import SimpleCookie; print(SimpleCookie('a=1')['a'].value)", "1"),
    (
        (
            "from http.cookies import SimpleCookie; import requests\n"
            "jar = requests.cookies.RequestsCookieJar(); jar.set('a', SimpleCookie('a=7')['a'])\n"
            "print(jar['a'])"
        ),
        "7",
    ),
    ("import tempfile; print(tempfile.TemporaryDirectory().cleanup())", "None"),
    ("from shutil import which; print(which('true') is not None)", "True"),
    ("import selectors; selectors.DefaultSelector().close(); print(selectors.EVENT_READ)", "1"),
    ("from mimetypes import guess_type; print(guess_type('a.csv')[0])", "text/csv"),
    ("from email.header import Header; print(Header('ü', 'utf-8').encode())", "=?utf-8?b?w7w=?="),
    ("import xml.etree.ElementTree as e; print(e.fromstring('<a><b/></a>').find('b').tag)", "b"),
    (f"from botocore.config import Config; {ADAPTIVE}", "adaptive"),
    ("import boto3; print(boto3.client('s3').waiter_names[0])", "bucket_exists"),
    (
        "import boto3; print(len(boto3.client('sqs').send_message.__doc__.expandtabs()) > 999)",
        "True",
    ),
    ("from botocore.docs import generate_docs; print(generate_docs.__name__)", "generate_docs"),
    (
        f"{CLIENT}; import botocore.docs; print(botocore.docs.generate_docs.__name__)",
        "generate_docs",
    ),
    (f"{CLIENT}; import botocore.docs.docstring as d; print(d.WaiterDocstring())", ""),
    (f"{CLIENT}; import botocore.docs.utils; print(type(botocore.docs.docstring))", MODULE),
    (
        f"{CLIENT}; import botocore.docs.docstring as d; print(d.LazyLoadedDocstring.__name__)",
        "LazyLoadedDocstring",
    ),
]
# The start is the same for all, so that each who asks is a copy of the one process that made it.
EACH_IN_A_COPY = """
import os, sys
for ask in sys.argv[1:]:
    if not os.fork():
        exec(ask)
        sys.exit()
    assert os.wait()[1] == 0, ask
"""


@pytest.fixture(scope="module")
def answers() -> list[str]:
    """What is answered to each who asks, in order."""
    return run(f"{HANDLER}\n{EACH_IN_A_COPY}", *(ask for ask, _ in ANSWERS))


@pytest.mark.parametrize("number", range(len(ANSWERS)), ids=[ask for ask, _ in ANSWERS])
def test_whoever_asks_for_more_has_all_of_it(answers: list[str], number: int) -> None:
    assert answers[number] == ANSWERS[number][1]


def test_boto3_works_beside_clients_that_have_no_documentation() -> None:
    printed = run(
        f"{HANDLER}\n"
        "from capture_forwarder.aws.clients import s3_client\n"
        "print(repr(s3_client().get_object.__doc__))\n"
        "import boto3\n"
        "print(boto3.resource('sqs').meta.service_name)"
    )

    assert printed == ["''", "sqs"]


def test_a_module_that_fails_to_run_fails_for_each_who_asks(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("begun = 1\nraise OSError('no')\n")
    printed = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from capture_forwarder.core.postponed import postpone\n"
        "postpone('broken')\n"
        "import broken\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        broken.finished\n"
        "    except OSError as error:\n"
        "        print(error)"
    )

    assert printed == ["no", "no"]


def test_threads_that_ask_at_once_run_it_once(tmp_path: Path) -> None:
    slow = "import time; print('run', flush=True); time.sleep(0.2); found = 7\n"
    (tmp_path / "slow.py").write_text(slow)
    printed = run(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from capture_forwarder.core.postponed import postpone\n"
        "postpone('slow')\n"
        "import slow\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    print(*threads.map(lambda _: slow.found, range(8)))"
    )

    assert printed == ["run", "7 7 7 7 7 7 7 7"]


def test_what_is_not_there_or_was_run_already_is_left_alone() -> None:
    printed = run(
        "import sys, json\n"
        "from capture_forwarder.core.postponed import postpone\n"
        "postpone('json'), postpone('no_such'), postpone('no.such.module')\n"
        "print(type(json).__name__, 'no_such' in sys.modules)"
    )

    assert printed == ["module False"]
