"""Print the completion script for a shell.

  bash   source <(clusterctl completion bash)
  zsh    clusterctl completion zsh > "${fpath[1]}/_clusterctl"
  fish   clusterctl completion fish > ~/.config/fish/completions/clusterctl.fish

The script is made from the parser, and completes the names of clusters.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from clusterctl.console import console_of

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("shell", choices=SHELLS, help="for which shell")


def run(args: Namespace) -> int:
    """Print it."""
    from clusterctl import completions, parsers

    console_of(args).result({}, completions.script(args.shell, completions.commands(parsers.build())))
    return 0
