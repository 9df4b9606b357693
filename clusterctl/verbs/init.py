"""Make the place where Terraform states and the ledger live, and remember it in HERA_HOME/config.yaml.

  clusterctl init                                                a folder on this machine
  clusterctl init 's3://my-state/hera?region=eu-west-1'          a bucket: versioned, encrypted, private
  clusterctl init 'azurerm://account/container?resource_group=rg' --region westeurope
  clusterctl init 'gs://my-state/hera' --region europe-west4

Running it again repairs the settings of the bucket that is there and changes nothing else.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl import flags, home
from clusterctl.console import console_of, document
from clusterctl.terminal import clean
from infra.errors import UsageError


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("url", metavar="URL", nargs="?", default="", help="where; a folder under HERA_HOME when left out")
    parser.add_argument("--cloud", default="", help="refuse a URL of another cloud")
    parser.add_argument("--region", default="", help="where a bucket is made (default: the URL's `region` option)")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Make, remember, say what was done."""
    console, url = console_of(args), _url(args)
    done = _make(url, args)
    path = home.save_config(state=url)
    console.result(
        document("StateStore", {"state": url, "done": done, "config": str(path)}),
        "\n".join(f"{console.style.green('✓')} {clean(line)}" for line in [*done, f"remembered {url} in {path}"]),
    )
    console.note(f"  Next: {console.notes.cyan('clusterctl plan cluster -f FILE')}")
    return 0


def _url(args: Namespace) -> str:
    from infra import providers

    if args.url:
        return str(args.url)
    if not args.cloud:
        return (home.home() / "state").as_uri()
    schemes = providers.get(args.cloud).state_schemes
    raise UsageError(f"name the place for {args.cloud}", next_step=f"clusterctl init '{schemes[0]}://…' --cloud {args.cloud}")


def _make(url: str, args: Namespace) -> list[str]:
    from infra import providers
    from infra.locations import StateLocation

    location = StateLocation.parse(url)
    if location.scheme == "file":
        return [_folder(location)]
    provider = providers.for_scheme(location.scheme)
    if args.cloud and args.cloud != provider.name:
        raise UsageError(f"{location.scheme}:// is a place of {provider.name}, not of {args.cloud}")
    region = args.region or location.options.get("region", "")
    if not region:
        raise UsageError("name the region of the bucket", next_step=f"clusterctl init '{url}' --region REGION")
    return provider.create_state_store(location, region)


def _folder(location: object) -> str:
    from pathlib import Path

    path = Path(getattr(location, "prefix", ""))
    there = path.is_dir()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f"the folder {path} {'is there' if there else 'was made'}; states stay on this machine"
