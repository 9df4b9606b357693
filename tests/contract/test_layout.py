"""What the layout promises: clouds stay in their folders, modules stay readable, nothing knows the machine it was written on."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from infra import providers

ROOT = Path(__file__).parents[2]
PACKAGES = ("clusterctl", "workflows", "steps", "infra", "operators", "tools")
GENERATED = ("infra/simulator/protocol/tfplugin6_pb2.py",)
LINES = 400
FUNCTION_LINES, LONG_FUNCTION_LINES = 35, 70

NO_CLOUDS = ("clusterctl", "workflows", "steps", "tools", "k8s", "operators", "images")
"""Folders that work with any cloud, so name none."""
WORDS = ("aws", "azure", "azurerm", "gcp", "gcs", "eks", "aks", "gke", "amazon", "google", "microsoft", "boto3", "botocore", "s3")
EXAMPLES = re.compile(r"examples/[a-z]+-(dev|prod)\.yaml|(s3|gs|azurerm)://[^\s'\"]*")
"""What help may show whatever it is about: a file to try, a place for the state."""
ALLOWED = {
    "clusterctl/commands.py": "the first line of --help says what the product is for",
    "clusterctl/verbs/simulator.py": "help shows patterns of resource types",
    "operators/secrets-operator/manifests/crds.yaml": "made from the clouds' own options of a secret store",
    "k8s/management/argo/": "Argo's own definitions, as they are released",
    "images/": "an image per cloud's extra is the point of a build argument",
}
"""Where names may occur all the same, and why; only in text that people read."""

COMMANDS = {
    "clusterctl/main.py": "the command line",
    "steps/common/command.py": "the body of every step's __main__",
    "infra/simulator/disturbance.py": "dies in mid-apply when asked to",
    "infra/simulator/plugin.py": "terraform starts it as a process of its own",
    "operators/kit/operator_kit/runtime.py": "the body of every operator's __main__; a leader that lost its term ends at once",
    "workflows/local/zygote.py": "ends the forked steps, which are processes of their own",
}
"""Modules that are commands without being called __main__."""


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files of the checkout that are in git or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(path for name in dict.fromkeys(names) if (path := ROOT / name).is_file())


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def modules() -> dict[str, ast.Module]:
    """Return every Python module of the product, parsed."""
    found = {relative(path): path for path in tracked() if path.suffix == ".py"}
    return {
        name: ast.parse(path.read_text()) for name, path in found.items() if name.startswith(PACKAGES) and name not in GENERATED
    }


def texts(path: Path) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(path.read_text().splitlines(), 1)
    except UnicodeDecodeError:
        return


def _names_a_cloud(line: str) -> bool:
    words = "|".join({*WORDS, *providers.names()})
    return bool(re.search(rf"(?i)(?<![a-z])({words})(?![a-z])", EXAMPLES.sub("", line)))


def test_clouds_are_named_only_where_they_live() -> None:
    found = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in tracked()
        if relative(path).startswith(tuple(f"{folder}/" for folder in NO_CLOUDS))
        and not relative(path).startswith(tuple(ALLOWED))
        for number, line in texts(path)
        if _names_a_cloud(line)
    ]
    assert found == []


def test_exceptions_are_still_needed() -> None:
    for name in ALLOWED:
        files = [path for path in tracked() if relative(path).startswith(name)]
        assert name.endswith("/") or any(_names_a_cloud(line) for path in files for _, line in texts(path)), name


def test_nothing_decides_by_a_clouds_name() -> None:
    """Not even shared code in infra/: what differs is asked from the provider."""
    clouds = set(providers.names())
    own = tuple(f"infra/providers/{name}/" for name in clouds)
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if not name.startswith((*own, "infra/simulator/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.Match | ast.Dict)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and part.value in clouds
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_are_short(package: str) -> None:
    paths = [path for path in tracked() if relative(path).startswith(f"{package}/") and path.suffix == ".py"]
    lengths = {relative(path): len(path.read_text().splitlines()) for path in paths if relative(path) not in GENERATED}
    assert {name: length for name, length in lengths.items() if length > LINES} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{name}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONG_FUNCTION_LINES} == {}
    assert median(lengths.values()) <= 12
    assert sum(length > FUNCTION_LINES for length in lengths.values()) <= 0.02 * len(lengths)


def test_every_module_says_why_it_exists() -> None:
    assert [name for name, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {Path(name).parent for name in modules() if not name.startswith("tools/")}
    assert [folder.as_posix() for folder in sorted(folders) if f"{folder.as_posix()}/__init__.py" not in modules()] == []


def test_no_exception_is_swallowed_unseen() -> None:
    """`suppress` of a named exception says what is expected; a handler of everything that only passes hides what is not."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]
    assert found == []


def _ends(tree: ast.Module) -> Iterator[int]:
    """Yield where a module ends the process, but for the last lines that run only in a command."""
    for part in tree.body:
        if isinstance(part, ast.If) and "__name__" in ast.unparse(part.test):
            continue
        for node in ast.walk(part):
            calls = isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "os._exit", "exit")
            raises = isinstance(node, ast.Raise) and node.exc is not None and ast.unparse(node.exc).startswith("SystemExit")
            if calls or raises:
                yield node.lineno


def test_only_commands_end_the_process() -> None:
    """`sys.exit` in a library takes the decision from its caller."""
    found = [
        f"{name}:{line}"
        for name, tree in modules().items()
        if not name.endswith("__main__.py") and not name.startswith("tools/") and name not in COMMANDS
        for line in _ends(tree)
    ]
    assert found == []


def test_nothing_knows_the_machine_it_was_written_on() -> None:
    machine = re.compile(r"(?<![\w.$}-])/(work|root|Users)/[\w.-]")
    here = relative(Path(__file__))
    found = [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        if relative(path) != here
        for number, line in texts(path)
        if machine.search(line)
    ]
    assert found == []


def test_no_secrets_are_in_the_checkout() -> None:
    secret = re.compile(
        r"AKIA[0-9A-Z]{16}|-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}|AIza[0-9A-Za-z_-]{35}"
    )
    here = relative(Path(__file__))
    found = [
        f"{relative(path)}:{number}"
        for path in tracked()
        if relative(path) != here
        for number, line in texts(path)
        if secret.search(line) and "EXAMPLE" not in line
    ]
    assert found == []
