"""The pages: what they show, that hostile texts are texts, and what their buttons do."""

import re
from urllib.parse import quote

import pytest
import requests

from steps.backends import ledger
from steps.backends.database import begin
from tests.serve.serving import Served, dag, until, workflow

HOSTILE = "<img src=x onerror=alert(1)>"


def shown(served: Served, path: str, **query: str) -> str:
    found = requests.get(f"{served.address}{path}", params=query, timeout=60)
    assert found.status_code == 200, found.text
    assert "script-src 'self'" in found.headers["Content-Security-Policy"]
    return found.text


def pressed(served: Served, path: str, **fields: str) -> requests.Response:
    headers = {"Origin": served.address, "Sec-Fetch-Site": "same-origin"}
    return requests.post(f"{served.address}{path}", data=fields, headers=headers, timeout=60)


def test_the_address_itself_leads_to_the_runs(served: Served) -> None:
    found = requests.get(served.address, timeout=60)
    assert found.url == f"{served.address}/runs" and "<h1>Runs</h1>" in found.text


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/runs", "pipeline runs"),
        ("/projects", "pipeline models openaq"),
        ("/projects/wine", "pipeline models wine --all"),
        ("/inbox", "pipeline inbox"),
        ("/data", "pipeline inbox"),
        ("/documents", "pipeline report RUN"),
        ("/health", "pipeline doctor"),
    ],
)
def test_every_page_has_its_command_and_loads_nothing_from_elsewhere(served: Served, path: str, command: str) -> None:
    page = shown(served, path)
    assert f"$ {command}" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script>" not in page and " style=" not in page


def test_runs_are_filtered(served: Served) -> None:
    served.ended(served.create(workflow("wanted", "true")))
    served.ended(served.create(workflow("unwanted-by-name", "exit 1")))
    assert 'href="/runs/wanted"' in shown(served, "/runs", q="wanted", phase="Succeeded")
    assert "unwanted-by-name" not in shown(served, "/runs", q="wanted", phase="Succeeded")
    assert "No run fits." in shown(served, "/runs", q="nothing of that name")


def test_a_run_says_why_it_failed_and_what_it_wrote(served: Served) -> None:
    name = served.create(dag("explained", first="true", second="echo the cause >&2; exit 3"))
    served.ended(name)
    page = shown(served, f"/runs/{name}")
    assert "Why it failed" in page and "the cause" in page
    assert "What ran" in page and f"argo get {name}" in page
    assert f"/api/v1/workflows/-/{name}/log?" in page and "&amp;podName=" in page
    assert "<!doctype html>" in shown(served, f"/runs/{name}/report")


def test_hostile_texts_are_texts(served: Served) -> None:
    made = workflow("hostile-page", f"echo '{HOSTILE}' >&2; exit 1", arguments={
        "parameters": [{"name": "p", "value": HOSTILE}]})  # fmt: skip
    served.ended(served.create(made))
    for path in ("/runs", "/runs/hostile-page", "/runs/hostile-page/report"):
        page = shown(served, path)
        assert "<img" not in page and "&lt;img src=x" in page
    missing = requests.get(f"{served.address}/runs/%3Cimg%20src=x%3E", timeout=60)
    assert missing.status_code == 404 and "<img" not in missing.text
    filtered = shown(served, "/runs", q='"><img src=x>')
    assert "<img" not in filtered


def test_what_steps_wrote_to_be_read_is_one_click_away(bare: Served) -> None:
    assert "These runs have left no page." in shown(bare, "/documents")
    write = "echo '<h1>checked</h1><script>bad()</script>' > /work/report.html; echo 1 > /work/summary.json"
    files = [{"name": "report", "path": "/work/report.html"}, {"name": "summary", "path": "/work/summary.json"}]
    made = workflow("wine-checked", write)
    made["spec"]["templates"][0]["outputs"] = {"artifacts": files}
    bare.ended(bare.create(made))
    for path in ("/documents", "/runs/wine-checked", "/projects/wine"):
        page = shown(bare, path)
        assert "argo cp wine-checked . --artifact-name report" in page and "--artifact-name summary" not in page
        (address,) = set(re.findall(r'href="(/artifacts/[^"]*)"', page))
        found = requests.get(f"{bare.address}{address}", timeout=60)
        assert "<h1>checked</h1>" in found.text and "sandbox;" in found.headers["Content-Security-Policy"]
    assert "Older runs" not in shown(bare, "/documents")
    assert requests.get(f"{bare.address}/documents?from=x", timeout=60).status_code == 400


def test_buttons_retry_and_run_again(served: Served) -> None:
    flag = served.folder / "pressed"
    name = served.create(dag("pressing", first="echo x >> /dev/null", second=f"test -e {flag}"))
    served.ended(name)
    flag.touch()
    assert pressed(served, f"/runs/{name}/retry").url == f"{served.address}/runs/{name}"
    run = served.ended(name)
    assert run["status"]["phase"] == "Succeeded"
    first = next(each for each in run["status"]["nodes"].values() if each["displayName"] == "first")
    pressed(served, f"/runs/{name}/retry", node=first["id"])
    again = served.ended(name)["status"]["nodes"][first["id"]]
    assert again["finishedAt"] >= first["finishedAt"]
    other = pressed(served, f"/runs/{name}/resubmit").url
    assert other.startswith(f"{served.address}/runs/") and not other.endswith(f"/{name}")


def test_buttons_suspend_resume_and_stop(served: Served) -> None:
    name = served.create(dag("stopping", first="sleep 30", second="true"))
    served.running(name, "first")
    pressed(served, f"/runs/{name}/suspend")
    assert "Suspended" in shown(served, f"/runs/{name}")
    pressed(served, f"/runs/{name}/resume")
    assert "Suspended" not in shown(served, f"/runs/{name}")
    pressed(served, f"/runs/{name}/stop")
    assert served.ended(name)["status"]["phase"] == "Failed"
    sorry = pressed(served, f"/runs/{name}/stop")
    assert sorry.status_code == 400 and "That did not work" in sorry.text


def test_a_file_is_dropped_into_the_page_and_a_refused_one_is_let_out(
    bare: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{HOSTILE}.csv"
    sent = requests.put(f"{bare.address}/inbox/wine/files/{quote(name)}", data=b"no;wine", timeout=60)
    assert (sent.status_code, sent.text) == (201, f"s3://inbox/wine/new/{name}\n")
    refused = requests.put(f"{bare.address}/inbox/openaq/files/x.csv", data=b"x", timeout=60)
    assert refused.status_code == 400 and "learns from an archive, not from files" in refused.text
    page = shown(bare, "/inbox")
    assert "waiting" in page and "<img" not in page

    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{bare.home / 'pipeline.db'}")
    key = "wine/new/white.csv"
    with begin() as connection:
        [taken] = ledger.claim(connection, "wine", "r", "o", [ledger.Object("inbox", key, "", "e", None, 7)])
        verdict = ledger.Verdict(taken.upload, "quarantined", "wine/quarantine/white.csv", reason=f"it is {HOSTILE}")
        ledger.decide(connection, "wine", "o", [verdict], None)
        ledger.cleared(connection, [taken.upload])
    for path in ("/inbox", "/data"):
        page = shown(bare, path)
        assert "it is &lt;img" in page and "<img" not in page
    unsaid = pressed(bare, "/inbox/wine/release", upload=taken.upload, why=" ")
    assert unsaid.status_code == 400 and "say in a few words why" in unsaid.text
    assert pressed(bare, "/inbox/wine/release", why="red").status_code == 400
    run = pressed(bare, "/inbox/wine/release", upload=taken.upload, why="red").url
    assert run.startswith(f"{bare.address}/runs/wine-review-")
    until(lambda: _noted(key) == "red")


def _noted(key: str) -> str | None:
    with begin() as connection:
        [now] = ledger.known(connection, "wine", key)
    return now.why


def test_pages_do_not_wait_for_a_step_that_writes(bare: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{bare.home / 'pipeline.db'}")
    paths = ("/projects", "/projects/wine", "/data", "/health", "/inbox")
    for path in paths:
        shown(bare, path)  # each makes its tables
    with begin():
        for path in paths:
            assert requests.get(f"{bare.address}{path}", timeout=20).status_code == 200  # a writer is waited for 30 s


def test_a_model_is_rolled_back_by_a_run_that_is_shown(bare: Served) -> None:
    for fields in ({"to": "1"}, {"why": "worse"}, {"to": "1", "why": "{{workflow.name}}"}):
        assert pressed(bare, "/projects/wine/rollback", **fields).status_code == 400
    run = pressed(bare, "/projects/wine/rollback", to="1", why="worse").url
    assert run.startswith(f"{bare.address}/runs/wine-rollback-")
    assert "worse" in requests.get(run, timeout=60).text


def test_another_sites_page_presses_nothing(served: Served) -> None:
    name = served.create(workflow("guarded", "sleep 1"))
    found = requests.post(
        f"{served.address}/runs/{name}/stop", headers={"Origin": "http://evil.example"}, timeout=60
    )  # fmt: skip
    assert found.status_code == 403
    assert served.ended(name)["status"]["phase"] == "Succeeded"


def test_the_argo_ui_is_served_where_its_files_are(own: Served) -> None:
    ui = own.folder / "app"
    (ui / "assets").mkdir(parents=True)
    (ui / "index.html").write_text('<head><base href="/argo/"></head>', encoding="utf-8")
    (ui / "main.js").write_text("ui()", encoding="utf-8")
    (own.folder / "secret").write_text("secret", encoding="utf-8")
    own.start("--ui", str(ui))
    for path in ("/", "/workflows/laptop/some-run", "/..%2fsecret", "/assets"):
        assert requests.get(f"{own.address}{path}", timeout=30).text == '<head><base href="/"></head>'
    script = requests.get(f"{own.address}/main.js", timeout=30)
    assert script.text == "ui()" and "default-src 'self'" in script.headers["Content-Security-Policy"]
    assert own.get("/api/v1/info")["modals"]["newVersion"] is False
    assert own.ask("GET", "/api/v1/nothing").status_code == 501
    assert "<h1>Runs</h1>" in requests.get(f"{own.address}/runs", timeout=30).text


def test_a_folder_without_the_ui_is_refused(own: Served) -> None:
    found = own.pipeline("serve", "--ui", str(own.folder))
    assert found.returncode == 2 and "has no index.html" in found.stderr
