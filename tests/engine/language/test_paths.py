"""Declared paths in the texts of a command: what is put in its place, and what is left."""

from pathlib import Path

import pytest

from pipeline.engine.language.paths import is_absolute, moved, of_the_machine, put_together, roots

OWN = ("/tmp", "/work/out")


@pytest.mark.parametrize(
    ("text", "moved_text"),
    [
        ("/work/out", "<>/work/out"),
        ("cat /work/out/a.txt", "cat <>/work/out/a.txt"),
        ("x > /tmp/y; cd /tmp && ls '/tmp/y'", "x > <>/tmp/y; cd <>/tmp && ls '<>/tmp/y'"),
        ('open("/work/out").read()', 'open("<>/work/out").read()'),
        ("--to=/work/out -o/work/out @/tmp/x", "--to=<>/work/out -o<>/work/out @<>/tmp/x"),
        ("file:///tmp/x", "file://<>/tmp/x"),
        ("cat /tmp/part-$i", "cat <>/tmp/part-$i"),
        # none of the step's own
        ("/work/output /work/out-2 /work/out.txt", "/work/output /work/out-2 /work/out.txt"),
        ("/home/work/out https://host/tmp/x ~/tmp ${HERE}/tmp", "/home/work/out https://host/tmp/x ~/tmp ${HERE}/tmp"),
    ],
)
def test_a_path_is_moved_where_the_text_holds_it_whole(text: str, moved_text: str) -> None:
    assert moved(text, OWN, "<>{}".format) == moved_text


def test_all_of_tmp_is_a_steps_own_where_a_declared_path_lies_there() -> None:
    assert roots(["/tmp/a", "/work/out", "/work/out/b", "/var/tmp/x/"]) == ("/tmp", "/var/tmp", "/work/out")
    assert roots(["/work"]) == ("/work",)
    assert roots(["{{inputs.parameters.p}}", "/", ""]) == ()


@pytest.mark.parametrize(
    ("text", "path"), [("/work/out{i}", "/work/out"), ("/work/out$i", "/work/out"), ("/work/out/$i", "")]
)
def test_a_path_that_is_put_together_is_found(text: str, path: str) -> None:
    assert put_together(text, OWN) == path


def test_an_absolute_path_leads_nowhere_back() -> None:
    assert [is_absolute(path) for path in ("/a/b", "a", "/a/../b", "/a..b")] == [True, False, False, True]


def test_a_value_that_names_what_is_there_is_of_the_machine(tmp_path: Path) -> None:
    there, below = str(tmp_path), str(tmp_path / "below")
    Path(below).mkdir()
    assert of_the_machine([there, f"{there}/no", f"/{'x' * 5000}"], ["/tmp/a.json", "/tmp"]) == (there,)
    assert of_the_machine([there, f"{there}/", below], [there]) == (below,), "what it declares is its own"
    assert moved(f"ls {there} {there}/x {there}-2", ["/tmp"], "<>{}".format, [there]) == (
        f"ls {there} {there}/x <>{there}-2"
    )
