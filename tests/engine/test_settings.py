"""ConfigMaps and Secrets: where they come from, where a step finds them, and that nobody else does."""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine.settings import Settings, of_documents, of_file
from pipeline.errors import Refused, UserError
from tests.engine.laboratory import Laboratory, log_of

SECRET = "hunter-2"
BESIDE = f"""
apiVersion: v1
kind: Secret
metadata: {{name: login}}
stringData: {{token: {SECRET}, user: me}}
data: {{code: MTIzCg==}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf}}
data: {{level: info, greeting: hello}}
---
"""
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  arguments: {parameters: [{name: greeting, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}]}
  volumes:
    - {name: login, secret: {secretName: login, items: [{key: token, path: deep/token}]}}
    - {name: conf, configMap: {name: conf}}
    - {name: both, projected: {sources: [{secret: {name: login}}, {configMap: {name: none, optional: true}}]}}
  templates:
    - name: main
      inputs: {parameters: [{name: level, valueFrom: {configMapKeyRef: {name: conf, key: level}}}]}
      container:
        image: i
        command: [sh, -c]
        args:
          - |
            cat /login/deep/token > /out/token; cat /conf/level /both/user; stat -L -c %a /login/deep/token
            echo "[$LEVEL][$NONE][$P_greeting][{{workflow.parameters.greeting}}][{{inputs.parameters.level}}]"
            test "$TOKEN" = "$(cat /out/token)"
        env:
          - {name: TOKEN, valueFrom: {secretKeyRef: {name: login, key: token}}}
          - {name: LEVEL, valueFrom: {configMapKeyRef: {name: conf, key: level}}}
          - {name: NONE, valueFrom: {secretKeyRef: {name: nobody, key: x, optional: true}}}
        envFrom: [{configMapRef: {name: conf}, prefix: P_}, {secretRef: {name: nobody, optional: true}}]
        volumeMounts:
          - {name: login, mountPath: /login}
          - {name: conf, mountPath: /conf}
          - {name: both, mountPath: /both}
          - {name: out, mountPath: /out}
      volumes: [{name: out, emptyDir: {}}]
"""
NEEDY = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  arguments: {parameters: [{name: p}]}
  templates:
    - name: main
      steps: [[{name: a, template: a}], [{name: b, template: b}]]
    - name: a
      container: {image: i, command: [no-such-tool]}
    - name: b
      container:
        image: i
        command: ["true"]
        env: [{name: X, valueFrom: {secretKeyRef: {name: login, key: nope}}}]
        envFrom: [{configMapRef: {name: absent}}]
    - name: never
      container: {image: i, command: [another-such-tool]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, name: str = "w.yaml") -> Path:
        file = tmp_path / "manifests" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    return write


def test_a_step_finds_them_wherever_it_may(write: Callable[..., Path], lab: Laboratory) -> None:
    manifests = engine.load(write(BESIDE + WORKFLOW))
    view = lab.execute(engine.submit(lab.journal, manifests, "w", {}))
    assert view.phase == "Succeeded", view.message
    assert log_of(view) == "infome600\n[info][][hello][hello][info]\n"


def test_no_secret_is_in_the_journal_or_in_what_is_left_of_a_node(write: Callable[..., Path], lab: Laboratory) -> None:
    manifests = engine.load(write(BESIDE + WORKFLOW.replace("cat /login/deep/token > /out/token; ", "")))
    assert SECRET not in repr(manifests.settings)
    run = engine.submit(lab.journal, manifests, "w", {})
    kept = lab.home / "runs" / run / "settings.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    lab.execute(run)
    lab.journal.close()
    left = [file for file in lab.home.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert left == [kept]


def test_a_run_is_resumed_with_what_it_was_given(write: Callable[..., Path], lab: Laboratory) -> None:
    run = engine.submit(lab.journal, engine.load(write(BESIDE + WORKFLOW)), "w", {})
    write("", "w.yaml")
    assert lab.execute(run).phase == "Succeeded"


def test_what_is_missing_is_told_before_anything_starts_all_at_once(write: Callable[..., Path]) -> None:
    file = write(BESIDE + NEEDY)
    with pytest.raises(Refused) as refusal:
        engine.run(file, where="process")
    said = [problem.removeprefix(f"{file}, ").partition(", or run")[0] for problem in refusal.value.problems]
    assert said == [
        "line 19: w.arguments.parameters[p] has no value; give -p p=…",
        "line 30: w.templates[b].container.envFrom wants the configMap absent, which is not here; "
        "put the ConfigMap beside the workflow, or into --secrets FILE",
        "line 29: w.templates[b].container.env[X] wants the key nope of the secret login, which is not here; "
        "set it with: pipeline secret set login nope; or give --secrets FILE",
        "line 24: w.templates[a].container.command is 'no-such-tool', and there is no such command here; install it",
    ]


def test_a_parameter_whose_config_map_lacks_the_key(write: Callable[..., Path], lab: Laboratory) -> None:
    manifests = engine.load(write(WORKFLOW))
    with pytest.raises(UserError, match="wants the ConfigMap conf, and there is none of that name; give greeting=…"):
        engine.submit(lab.journal, manifests, "w", {})
    view = lab.execute(engine.submit(lab.journal, manifests, "w", {"greeting": "x"}))
    assert view.message.endswith("the parameter level wants the ConfigMap conf, and there is none of that name")


@pytest.mark.parametrize(
    ("name", "text", "secrets", "loose"),
    [
        (".env", "#\nexport A=1\nB = 'b c'\n\nlogin/token=x=y\n", {"login": {"token": "x=y"}}, {"A": "1", "B": "b c"}),
        ("s.yaml", "login: {token: x, pin: 0123}\n", {"login": {"token": "x", "pin": "0123"}}, {}),
        ("s.yml", BESIDE, {"login": {"code": "123\n", "token": SECRET, "user": "me"}}, {}),
    ],
)  # fmt: skip
def test_a_file_of_secrets(write: Callable[..., Path], name: str, text: str, secrets: object, loose: object) -> None:
    found = of_file(write(text, name))
    assert found.secrets == secrets
    assert found.loose == loose


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (".env", f"A=1\n{SECRET}\n", "line 2: wanted NAME=VALUE"),
        ("s.yaml", f"{SECRET}\n", "wanted Secrets and ConfigMaps"),
        ("s.yaml", f"a: [{SECRET}\n", "not YAML"),
        ("s.yaml", f"login: [{SECRET}]\n", "login is not a text"),
        ("s.yaml", f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{b: {SECRET}}}\n", "b is not base64"),
    ],
)  # fmt: skip
def test_a_broken_one_is_told_of_without_what_it_holds(
    write: Callable[..., Path], name: str, text: str, said: str
) -> None:
    with pytest.raises(UserError, match=said) as problem:
        of_file(write(text, name))
    assert SECRET not in str(problem.value)


def test_what_is_given_wins_over_what_stands_beside() -> None:
    given = Settings({}, {"login": {"token": "mine"}})
    beside = of_documents([(Path("f"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}})])
    assert given.over(beside).of("secret", "login") == {"token": "mine"}
    assert Settings({}, {}, {"token": "any"}).of("secret", "another") == {"token": "any"}
    assert json.dumps(given.without(["login"]).secrets) == "{}"
