"""What a run shows while it works: one record of it (`tracker`), shown live on a terminal or as plain lines anywhere else."""

from __future__ import annotations

from clusterctl.console import Console
from clusterctl.progress.tracker import Tracker, View


def view_for(console: Console, title: str) -> View:
    """Return the view that suits whoever is watching."""
    if console.quiet:
        return View()
    if console.live:
        from clusterctl.progress.live import LiveView

        return LiveView(console.stderr, console.notes, title)
    from clusterctl.progress.plain import PlainView

    return PlainView(console.stderr, console.notes, title)


__all__ = ["Tracker", "View", "view_for"]
