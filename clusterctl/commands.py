"""Every verb with its help line, as data: `--help` shows them all and imports none of them."""

from __future__ import annotations

PROGRAM = "clusterctl"

COMMANDS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Build and change",
        (
            ("validate", "", "Check a cluster spec and show everything that is wrong with it at once"),
            ("plan", "cluster", "Show what a spec would change, what it costs, and write a page to look at"),
            ("create", "cluster", "Make a cluster from a spec, or change the one that is there"),
            ("resume", "cluster", "Go on where an interrupted or failed run stopped"),
            ("delete", "cluster", "Drain, destroy in reverse, then prove by tag that nothing is left"),
        ),
    ),
    (
        "Look",
        (
            ("get", "clusters", "List the clusters that the ledger knows"),
            ("get", "runs", "List the runs on the management cluster"),
            ("get", "secrets", "List the keys of a cloud's secret store, never a value"),
            ("describe", "cluster", "Show stages, outputs, runs, drift and the next step of one cluster"),
            ("describe", "run", "Show a run's steps, what it waits for, and the next step"),
            ("drift", "cluster", "Compare the real world with what was applied"),
            ("kubeconfig", "cluster", "Print or write a kubeconfig without secrets in it"),
        ),
    ),
    (
        "Runs on a management cluster",
        (
            ("logs", "", "Show what a run's steps say, or said"),
            ("approve", "", "Say yes to the plan that a run waits with"),
            ("reject", "", "Say no to it: nothing is applied and the run ends"),
            ("stop", "", "Stop a run cleanly; `clusterctl resume` goes on later"),
            ("retry", "", "Ask for the same again: what is done is not done twice"),
        ),
    ),
    (
        "Set up",
        (
            ("bootstrap", "", "Prepare a management cluster, where pipelines run on Argo Workflows"),
            ("init", "", "Make the place where states and the ledger live, and remember it"),
            ("unlock", "cluster", "Release the lock of a run that died"),
            ("simulator", "", "Look at the simulated cloud and disturb it"),
        ),
    ),
    (
        "Other",
        (
            ("schema", "", "Print the JSON Schema of the cluster spec"),
            ("completion", "", "Print the completion script for bash, zsh or fish"),
            ("version", "", "Print the version of Hera and of what it works with"),
        ),
    ),
)

OPTIONS = (
    ("-q, --quiet", "only results and errors"),
    ("--no-color", "no colours (so does NO_COLOR=1)"),
    ("--state URL", "where states and the ledger live, instead of what `init` remembered"),
    ("-h, --help", "this text; `clusterctl VERB --help` tells more"),
)

EXIT_CODES = (
    ("0", "done, or nothing to do"),
    ("2", "plan: there are changes; drift: there is drift"),
    ("64-69, 77-79", "something to change in what you typed, the spec or the account"),
    ("75, 80-82", "the same command works later (locked, waits for approval, throttled, interrupted)"),
    ("70, 83-88", "somebody has to decide before anything goes on"),
)


def entries() -> tuple[tuple[str, str, str], ...]:
    """Return (verb, noun, help line) of every command, in the order they are shown."""
    return tuple(entry for _, group in COMMANDS for entry in group)


def verbs() -> dict[str, tuple[str, str]]:
    """Return the first noun and its help line by verb."""
    found: dict[str, tuple[str, str]] = {}
    for verb, noun, text in entries():
        found.setdefault(verb, (noun, text))
    return found


def nouns(verb: str) -> tuple[tuple[str, str], ...]:
    """Return a verb's nouns and their help lines."""
    return tuple((noun, text) for name, noun, text in entries() if name == verb)


def overview() -> str:
    """Return what `clusterctl --help` prints."""
    width = max(len(f"{verb} {noun}") for verb, noun, _ in entries()) + 2
    lines = ["Kubernetes clusters on AWS, Azure and GCP from one file: planned, approved, applied, resumed, deleted.", ""]
    lines += [f"Usage: {PROGRAM} VERB [NOUN] [NAME] [options]", ""]
    for title, group in COMMANDS:
        lines.append(f"{title}:")
        lines += [f"  {f'{verb} {noun}'.strip():<{width}}{text}" for verb, noun, text in group]
        lines.append("")
    lines += ["Options:", *(f"  {flag:<{width}}{text}" for flag, text in OPTIONS), ""]
    lines += ["Exit codes:", *(f"  {code:<{width}}{text}" for code, text in EXIT_CODES), ""]
    lines += ["Try it with no cloud account:", f"  {PROGRAM} create cluster -f examples/aws-dev.yaml --simulate"]
    return "\n".join(lines)
