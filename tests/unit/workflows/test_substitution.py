"""Tags in texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.local.substitution import Unresolved, replace

VALUES = {"inputs.parameters.a": "1", "tasks.x.outputs.parameters.y": 'q"\n', "workflow.name": "w"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{inputs.parameters.a}}", "1"),
        ("{{ inputs.parameters.a }}-{{workflow.name}}", "1-w"),
        ("{{tasks.x.outputs.parameters.y}}", 'q"\n'),
        ("{{unknown}}", "{{unknown}}"),
        ("{{=asInt(inputs.parameters.a) + 1}}", "2"),
        ("{{=inputs.parameters.a == '1'}}", "true"),
        ("{{=[1, 2]}}", "[1,2]"),
        ("{{=steps.none.status}}", "{{=steps.none.status}}"),
        ("no tag", "no tag"),
    ],
)
def test_tags(text: str, expected: str) -> None:
    assert replace(text, VALUES) == expected


@pytest.mark.parametrize("text", ["{{tasks.z.outputs.parameters.y}}", "{{=tasks.z.outputs.parameters.y}}"])
def test_a_reference_to_a_task_has_to_have_a_value(text: str) -> None:
    with pytest.raises(Unresolved, match="tasks.z"):
        replace(text, VALUES, ("tasks",))


def test_artifacts_are_found_elsewhere() -> None:
    text = "{{tasks.z.outputs.artifacts.file}}"
    assert replace(text, VALUES, ("tasks",)) == text


def test_lists_and_mappings_are_replaced_and_other_values_kept() -> None:
    data: dict[str, Any] = {"{{workflow.name}}": ["{{workflow.name}}", 3, None, True]}
    assert replace(data, VALUES) == {"{{workflow.name}}": ["w", 3, None, True]}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(max_size=10), min_size=1))
def test_a_value_is_not_looked_into_again(values: dict[str, str]) -> None:
    name = sorted(values)[0]
    assert replace(f"<{{{{{name}}}}}>", values) == f"<{values[name]}>"
