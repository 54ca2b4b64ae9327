"""docs/message-states.md shows every arrow of core/delivery_state.cc, and no other."""

import subprocess
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPEN = ("sending", "sent", "send_failed", "consume_failed", "outcome_unknown")


@pytest.fixture(scope="module")
def arrows(tmp_path_factory):
    """Of the code."""
    program = tmp_path_factory.mktemp("states") / "print_transitions"
    subprocess.run(["g++", "-std=c++20", "-I", str(ROOT / "src"), "-o", str(program),
                    str(Path(__file__).with_name("print_transitions.cc")),
                    str(ROOT / "src" / "core" / "delivery_state.cc")], check=True)
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {tuple(line.split("|")) for line in lines}


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "message-states.md").read_text(encoding="utf-8")


def arrows_of_table(page):
    found = set()
    for line in page.partition("## Every arrow")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or cells[0] in ("verb", "---"):
            continue
        verb, states, phases, to, to_phase = cells
        from_states = OPEN if states == "open" else states.split(", ")
        found |= {(verb, state, phase, to, to_phase) for state, phase in product(from_states, phases.split(", "))}
    return found


def test_the_table_is_the_code(arrows, page):
    documented = arrows_of_table(page)
    assert len(arrows) > 100
    assert not arrows - documented, "missing in the page"
    assert not documented - arrows, "not in the code"


def test_the_drawing_shows_only_arrows_that_exist(arrows, page):
    drawing = page.partition("```mermaid")[2].partition("```")[0]
    drawn = [line.strip() for line in drawing.splitlines() if "-->" in line]
    assert len(drawn) > 15
    for line in drawn:
        states, _, verbs = line.partition(": ")
        start, end = states.split(" --> ")
        for verb in verbs.split(", "):
            verb = verb.partition(" ")[0]
            assert any(arrow[0] == verb and (start == "[*]" or arrow[1] == start)
                       and (end == "[*]" and arrow[4] == "absent" or arrow[3] == end) for arrow in arrows), line
