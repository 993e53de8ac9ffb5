"""What an image brings: its entry point, user, variables and files; and that no container is left."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.execution.runtimes.container import tool
from tests.engine.execution.test_runtimes import IMAGE, laboratory
from tests.engine.laboratory import HEADER, Laboratory, container, log_of

OURS = "localhost/pipeline-test-places:1"
SAYS = 'printf "%s|" "$0" "$@" "$FROM_IMAGE" "$(id -u)" "$PWD"; cat /opt/tool/file'


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return laboratory("container", tmp_path)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with an entry point, arguments, a user, a working folder, a variable and a file."""
    laboratory("container", tmp_path_factory.mktemp("asked"))
    name = "pipeline-test-places"
    _tool("rm", "-f", name)
    _tool(
        "run",
        "--name",
        name,
        "--pull=never",
        "--network=host",
        IMAGE,
        "sh",
        "-c",
        "mkdir /opt/tool; echo it > /opt/tool/file",
    )
    changes = [
        'ENTRYPOINT ["sh","-c",' + _json(SAYS) + ',"entry"]',
        'CMD ["default"]',
        "USER 1234",
        "WORKDIR /opt/tool",
    ]
    _tool("commit", *(word for each in [*changes, "ENV FROM_IMAGE=yes"] for word in ("--change", each)), name, OURS)
    _tool("rm", "-f", name)
    yield OURS
    _tool("rmi", OURS)


def _json(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tool(*words: str) -> str:
    return subprocess.run([tool(), *words], capture_output=True, text=True, check=False).stdout


def only(fields: str) -> str:
    return f"{HEADER}spec:\n  entrypoint: only\n  templates: [{{name: only, container: {{{fields}}}}}]\n"


@pytest.mark.parametrize(
    ("fields", "printed"),
    [
        ("", "entry|default|yes|1234|/opt/tool|it\n"),
        (", args: [a, '$(B)'], env: [{name: B, value: b c}]", "entry|a|b c|yes|1234|/opt/tool|it\n"),
        (", command: [id, -u]", "1234\n"),
        (", command: [sh, -c, pwd], workingDir: /usr", "/usr\n"),
    ],
)
def test_what_runs_is_the_images_unless_the_manifest_says_it(
    lab: Laboratory, image: str, fields: str, printed: str
) -> None:
    view = lab.run(only(f"image: '{image}', imagePullPolicy: Never{fields}"))
    assert log_of(view) == printed, view.message


@pytest.mark.parametrize(
    ("says", "user"),
    [
        (("", "", ""), "1234:0"),
        (("runAsUser: 4321", "", ""), "4321:0"),
        (("runAsUser: 7", "runAsUser: 8, runAsGroup: 9", ""), "8:9"),
        (("", "runAsUser: 8", "runAsUser: 5, runAsGroup: 6, runAsNonRoot: true"), "5:6"),
    ],
)
def test_who_runs_is_who_the_manifest_says(lab: Laboratory, image: str, says: tuple[str, str, str], user: str) -> None:
    of_workflow, of_template, of_container = says
    text = only(f"image: '{image}', command: [sh, -c, 'echo $(id -u):$(id -g)'], securityContext: {{{of_container}}}")
    text = text.replace("{name: only,", f"{{name: only, securityContext: {{{of_template}}},")
    text = text.replace("  entrypoint", f"  securityContext: {{{of_workflow}}}\n  entrypoint")
    view = lab.run(text)
    assert log_of(view) == f"{user}\n", view.message


def test_a_working_folder_that_the_image_has_not_is_made(lab: Laboratory, image: str) -> None:
    out = "outputs: {parameters: [{name: p, valueFrom: {path: /not/there/p}}]}"
    text = only(f"image: '{image}', command: [sh, -c, 'pwd > p'], workingDir: /not/there")
    view = lab.run(text.replace("{name: only,", f"{{name: only, {out},"))
    assert view.phase == "Succeeded", view.message
    assert view.nodes[0].outputs["parameters"] == {"p": "/not/there"}


def test_folders_in_a_volume_are_its_users_own(lab: Laboratory, image: str) -> None:
    out = "outputs: {parameters: [{name: p, valueFrom: {path: /v/deep/p}}]}, volumes: [{name: v, emptyDir: {}}]"
    mounts = "volumeMounts: [{name: v, mountPath: /v}]"
    text = only(f"image: '{image}', command: [sh, -c, 'mkdir -p /v/deep; id -u > /v/deep/p'], {mounts}")
    view = lab.run(text.replace("{name: only,", f"{{name: only, {out},"))
    assert view.phase == "Succeeded", view.message
    assert view.nodes[0].outputs["parameters"] == {"p": "1234"}


def test_a_user_of_the_image_may_use_volumes_and_secrets(lab: Laboratory, image: str) -> None:
    lab.host.settings = {"s": {"key": "hidden"}}
    text = container("cat /secret/key; echo x > /data/x; cat /data/x").replace("image: i", f"image: {image}")
    mounts = "volumeMounts: [{name: s, mountPath: /secret}, {name: d, mountPath: /data}]"
    volumes = "volumes: [{name: s, secret: {secretName: s}}, {name: d, emptyDir: {}}]"
    text = text.replace("command: [sh, -c]", f"command: [sh, -c]\n        {mounts}")
    assert log_of(lab.run(text.replace("  entrypoint", f"  {volumes}\n  entrypoint"))) == "hiddenx\n"


def test_an_output_that_is_a_link_is_what_the_container_sees_there(lab: Laboratory) -> None:
    outputs = "{parameters: [{name: p, valueFrom: {path: /tmp/p}}]}"
    view = lab.run(
        container("echo inside > /real; ln -s /real /tmp/p", outputs=outputs).replace("image: i", f"image: {IMAGE}")
    )
    assert view.nodes[0].outputs["parameters"] == {"p": "inside"}, view.message


def test_an_image_that_cannot_be_had(lab: Laboratory) -> None:
    view = lab.run(only("image: localhost/pipeline-test-nosuch, imagePullPolicy: Never"))
    assert (view.phase, "exit code 125" in view.message, "pipeline-test-nosuch" in view.message) == (
        "Failed",
        True,
        True,
    )


def test_no_container_is_left(lab: Laboratory) -> None:
    outputs = "{artifacts: [{name: a, path: /opt/a}]}"
    for script in ("echo > /opt/a", "exit 1"):
        lab.run(container(script, outputs=outputs).replace("image: i", f"image: {IMAGE}"))
    runs = {each.name for each in (lab.home / "runs").iterdir()}
    names = _tool("ps", "-a", "--format", "{{.Names}}").split()
    assert len(runs) == 2 and not [name for name in names if any(run in name for run in runs)]
