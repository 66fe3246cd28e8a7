"""What ``sam build`` puts into the Lambda package."""

from __future__ import annotations

import re
import shutil
import struct
from importlib import metadata
from pathlib import Path

import pytest

from lambda_package.aws_data import FORWARDER_OPERATIONS
from lambda_package.packages import FORWARDER
from tests.support.package import ARCHITECTURE, run_isolated, sam_build

LARGEST_PACKAGE_BYTES = 25_000_000
LARGEST_ARCHIVE_BYTES = 9_000_000
ELF_MACHINES = {"x86_64": 62, "arm64": 183}
UNCHECKED_HASH = 0b01


def machines(package: Path) -> set[int]:
    """The processors that a package's extension modules are for, by ELF's numbers."""
    heads = [path.read_bytes()[:20] for path in package.rglob("*.so")]
    return {struct.unpack_from("<H", head, 18)[0] for head in heads}


@pytest.mark.parametrize(
    "left_out",
    [
        "charset_normalizer",
        "duckdb",
        "numpy",
        "pandas",
        "pyarrow",
        "rich",
        "typer",
    ],
)
def test_what_the_forwarder_does_not_need_on_lambda_is_left_out(
    package: Path, left_out: str
) -> None:
    assert not (package / left_out).exists()


@pytest.mark.parametrize("path", FORWARDER.without)
def test_what_the_forwarder_does_not_use_is_left_out_and_nothing_that_is_left_imports_it(
    package: Path, path: str
) -> None:
    forwarder = package / "capture_forwarder"
    assert not (forwarder / path).exists()
    name = f"capture_forwarder.{path.removesuffix('.py').replace('/', '.')}"
    importing = re.compile(rf"^ *(from|import) {re.escape(name)}\b", re.MULTILINE)
    # What notebooks import by name is imported at the top for type checkers alone.
    left = [one for one in forwarder.rglob("*.py") if one != forwarder / "__init__.py"]
    assert not [one for one in left if importing.search(one.read_text())]


def test_nothing_in_the_package_is_a_test_or_a_type_stub(package: Path) -> None:
    assert not [path for path in package.rglob("*") if path.name == "tests"]
    assert not list(package.rglob("*.pyi"))


def test_the_package_is_far_below_lambdas_limit(package: Path, tmp_path: Path) -> None:
    size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    assert size <= LARGEST_PACKAGE_BYTES
    archive = Path(shutil.make_archive(str(tmp_path / "package"), "zip", package))
    assert archive.stat().st_size <= LARGEST_ARCHIVE_BYTES


def test_botocore_trusts_the_authorities_that_are_in_the_package(
    package: Path, runtime: Path
) -> None:
    code = "from botocore.httpsession import get_cert_path; print(get_cert_path(True))"
    printed = run_isolated(package, runtime, code)
    assert printed.strip() == str(package / "certifi" / "cacert.pem")
    assert Path(printed.strip()).is_file()


def test_every_distribution_can_still_be_told_by_its_metadata(package: Path) -> None:
    found = {one.name: one.version for one in metadata.distributions(path=[str(package)])}
    assert {"boto3", "botocore", "pydantic", "s3transfer"} <= found.keys()
    assert found == {name: metadata.version(name) for name in found}


def test_every_module_has_bytecode_that_stays_valid_when_times_change(package: Path) -> None:
    modules = {path for path in package.rglob("*.py") if "__pycache__" not in path.parts}
    compiled = list(package.rglob("*.pyc"))
    assert len(compiled) == len(modules)
    assert {struct.unpack_from("<I", path.read_bytes(), 4)[0] for path in compiled} == {
        UNCHECKED_HASH
    }


def test_extension_modules_are_for_the_architecture_that_was_asked_for(package: Path) -> None:
    assert machines(package) == {ELF_MACHINES[ARCHITECTURE]}


@pytest.mark.package
def test_a_build_for_another_target_holds_that_targets_extension_modules(tmp_path: Path) -> None:
    other = "x86_64" if ARCHITECTURE == "arm64" else "arm64"
    package = sam_build(tmp_path, runtime="python3.13", architecture=other)
    names = [path.name for path in package.rglob("*.so")]
    assert machines(package) == {ELF_MACHINES[other]}
    assert all(".cpython-313-" in name or ".abi3." in name for name in names)


def test_the_fiddler_client_is_imported_from_the_package_with_the_stand_in(
    package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        package, runtime, "import fiddler, pandas; print(fiddler.__file__, pandas.__file__)"
    )
    assert printed.split() == [str(package / "fiddler/__init__.py"), str(package / "pandas.py")]


@pytest.mark.parametrize(
    ("use", "named"),
    [
        ("pandas.read_csv('rows.csv')", "pandas.read_csv"),
        ("pandas.DataFrame([1])", "pandas.DataFrame"),
        ("pandas.DataFrame.from_dict({})", "pandas.DataFrame.from_dict"),
        ("exec('from pandas import Series')", "pandas.Series"),
    ],
)
def test_whoever_uses_pandas_is_told_why_it_is_not_there_and_what_to_do(
    package: Path, runtime: Path, use: str, named: str
) -> None:
    printed = run_isolated(
        package,
        runtime,
        f"import pandas\ntry:\n    {use}\nexcept ImportError as error:\n    print(error)",
    )
    assert printed.startswith(f"{named} was used, but the Capture Forwarder's Lambda package")
    assert "Model.publish_stream" in printed


def test_nothing_is_a_data_frame_of_the_stand_in(package: Path, runtime: Path) -> None:
    code = "import pandas; print(isinstance([], pandas.DataFrame), hasattr(pandas, '__path__'))"
    assert run_isolated(package, runtime, code).split() == ["False", "False"]


def test_without_a_guess_at_encodings_requests_says_nothing_and_takes_utf_8(
    package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        package,
        runtime,
        "import warnings\n"
        "warnings.simplefilter('error')\n"
        "import capture_forwarder.handlers.forwarder\n"
        "import requests\n"
        "answer = requests.Response()\n"
        "answer._content = 'größer als 5 €'.encode()\n"
        "print(ascii(answer.text))",
    )
    assert printed.strip() == ascii("größer als 5 €")


def test_the_aws_clients_are_those_of_the_pinned_botocore_in_the_package(
    package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        package,
        runtime,
        "from capture_forwarder.aws.clients import s3_client\n"
        "import botocore\n"
        "print(botocore.__version__, botocore.__file__)",
    )
    tested = metadata.version("botocore")
    assert printed.split() == [tested, str(package / "botocore/__init__.py")]


def test_boto3_makes_its_clients_by_the_same_botocore(package: Path, runtime: Path) -> None:
    printed = run_isolated(
        package,
        runtime,
        "import os\n"
        "os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'\n"
        "import boto3, botocore\n"
        "print(boto3.__version__, boto3.__file__, botocore.__file__)\n"
        "client = boto3.client('s3')\n"
        "print(client.upload_file.__name__, *client.meta.service_model.operation_names)\n"
        "for name in ('dynamodb', 'secretsmanager', 'sqs', 'ssm', 'sts'):\n"
        "    print(boto3.client(name).meta.service_model.service_name)\n",
    )
    version, *words = printed.split()
    assert version == metadata.version("boto3") == metadata.version("botocore")
    assert words == [
        str(package / "boto3/__init__.py"),
        str(package / "botocore/__init__.py"),
        "upload_file",
        *FORWARDER_OPERATIONS["s3"],
        *("dynamodb", "secretsmanager", "sqs", "ssm", "sts"),
    ]


def test_a_file_is_uploaded_by_boto3_in_the_package(
    package: Path, runtime: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.txt"
    file.write_text("rows")
    printed = run_isolated(
        package,
        runtime,
        "import os\n"
        "os.environ |= {'AWS_DEFAULT_REGION': 'eu-west-1', 'AWS_ACCESS_KEY_ID': 'a',\n"
        "    'AWS_SECRET_ACCESS_KEY': 'b'}\n"
        "import boto3, io\n"
        "class Empty(io.BytesIO):\n"
        "    def stream(self):\n"
        "        return []\n"
        "from botocore.awsrequest import AWSResponse\n"
        "client = boto3.client('s3')\n"
        "sent = []\n"
        "def answer(request, **_):\n"
        "    sent.append(request.url)\n"
        "    return AWSResponse(request.url, 200, {}, Empty())\n"
        "client.meta.events.register('before-send.s3.PutObject', answer)\n"
        f"client.upload_file({str(file)!r}, 'bucket', 'key')\n"
        "print(*sent)",
    )
    assert printed.strip() == "https://bucket.s3.eu-west-1.amazonaws.com/key"


def test_nothing_that_a_cold_start_imports_imports_boto3(package: Path, runtime: Path) -> None:
    printed = run_isolated(
        package,
        runtime,
        "import sys\n"
        "import capture_forwarder.handlers.forwarder, capture_forwarder.aws.clients\n"
        "print(*sys.modules)",
    )
    assert not {"boto3", "s3transfer"} & set(printed.split())


def test_a_client_in_the_package_can_do_what_the_function_needs_and_no_more(
    package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        package,
        runtime,
        "import os\n"
        "os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'\n"
        "from capture_forwarder.aws.clients import s3_client\n"
        "print(*s3_client().meta.service_model.operation_names)",
    )
    expected = ["GetObject", "ListObjectsV2", "PutObject", "HeadBucket", "CreateSession"]
    assert printed.split() == expected


def test_connecting_to_fiddler_imports_neither_pandas_nor_the_rest_of_the_client(
    package: Path, runtime: Path
) -> None:
    printed = run_isolated(
        package,
        runtime,
        "import sys\n"
        "from capture_forwarder.publishers.fiddler.connection import _connection_type\n"
        "_connection_type(None)\n"
        "print(*sys.modules)",
    )
    assert "fiddler.connection" in printed.split()
    assert not {"pandas", "fiddler.entities", "tqdm"} & set(printed.split())
