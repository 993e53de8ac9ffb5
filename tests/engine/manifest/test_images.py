"""What runs where a manifest leaves the command to its image."""

from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.manifest.leaves import images
from pipeline.errors import Refused, UserError
from tests.engine.laboratory import HEADER, Laboratory, log_of


def only(container: str) -> str:
    return f"{HEADER}spec:\n  entrypoint: only\n  templates:\n    - name: only\n      container: {{{container}}}\n"


@pytest.mark.parametrize(
    ("container", "printed"),
    [
        ("image: 'python:3.12', args: [python3, -c, print(1)]", "1\n"),
        ("image: docker.io/library/alpine:3, args: [echo, hi]", "hi\n"),
        ("image: alpine", ""),
        ("image: 'argoproj/argosay:v2'", "hello argo\n"),
        ("image: 'argoproj/argosay:v2', args: [echo, hi]", "hi\n"),
        ("image: tool, command: [echo], args: [a]", "a\n"),
    ],
)
def test_of_well_known_images_it_is_known(lab: Laboratory, container: str, printed: str) -> None:
    view = lab.run(only(container))
    assert view.phase == "Succeeded", view.message
    assert log_of(view) == printed


def test_of_others_it_is_asked_for_and_given(lab: Laboratory, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(only("image: 'ghcr.io/me/tool:2', args: [b]"), encoding="utf-8")
    with pytest.raises(
        Refused, match=r"line 8: .*say it with --image ghcr\.io/me/tool:2=COMMAND, or run it in a container: "
    ):
        engine.run(file, where="process")
    given = engine.load(file).with_commands(images.read(["ghcr.io/me/tool=echo 'a b'"]))
    run = engine.submit(lab.journal, given, "w", {})
    file.unlink()
    assert log_of(lab.execute(run)) == "a b b\n", "a resumed run knows it too"


@pytest.mark.parametrize("pair", ["tool", "tool=", "=x", "tool='x"])
def test_what_does_not_say_it(pair: str) -> None:
    with pytest.raises(UserError, match=r"^--image .*wanted"):
        images.read([pair])


@pytest.mark.parametrize(
    ("image", "plain"),
    [
        ("python:3.12", "python"),
        ("docker.io/library/python@sha256:0", "python"),
        ("localhost:5000/me/x:1", "localhost:5000/me/x"),
        ("ghcr.io/me/x", "ghcr.io/me/x"),
    ],
)
def test_an_image_without_tag_and_registry(image: str, plain: str) -> None:
    assert images.plain(image) == plain
