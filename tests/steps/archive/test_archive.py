"""Sources of location-days: one contract for all kinds, and what a server that misbehaves comes to."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.stack.object_store import connect, make_bucket
from steps.archive import layout
from steps.archive.base import Archive
from steps.archive.listing import NoListing, parse
from steps.archive.opening import open_archive
from steps.errors import BadInput, StepError
from tests.public_bucket import open_to_all
from tests.steps.support.openaq import FIRST, Seeded, put
from tests.steps.support.web_servers import Answer, Responder, bucket, files, serving

GAP = FIRST + timedelta(days=3)
SEEDED = Seeded(first=date(2021, 2, 20), days=20, missing={(101, date(2021, 2, 25))})


class Source:
    """An archive under test: where it is, and how its owner patches it."""

    def __init__(self, address: str, patch: Callable[[str, bytes | None], None]) -> None:
        self.address = address
        self.patch = patch

    def open(self) -> Archive:
        return open_archive(self.address, timeout=5)


@pytest.fixture(params=["folder", "bucket", "bare host", "web server", "web server without etags"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    objects = dict(SEEDED.objects())

    def change(path: str, body: bytes | None) -> None:
        objects.pop(path)
        if body is not None:
            objects[path] = body

    with ExitStack() as stack:
        match request.param:
            case "folder":
                yield _folder(tmp_path)
            case "bucket":
                yield _bucket(request.getfixturevalue("object_store"), objects)
            case "bare host":
                yield Source(stack.enter_context(serving(bucket(objects))), change)
            case "web server":
                yield Source(stack.enter_context(serving(files(objects, etags={}))) + "/", change)
            case _:
                yield Source(stack.enter_context(serving(files(objects))), change)


def _folder(folder: Path) -> Source:
    SEEDED.write(folder)

    def change(path: str, body: bytes | None) -> None:
        (folder / path).unlink()
        if body is not None:
            put(folder, path, body)

    return Source(str(folder), change)


def _bucket(store: Any, objects: dict[str, bytes]) -> Source:
    """The embedded store's own bucket, readable by anyone."""
    client = connect(store.settings)
    name = f"archive-{uuid.uuid4().hex[:12]}"
    make_bucket(client, name)
    open_to_all(client, name)

    def change(path: str, body: bytes | None) -> None:
        if body is None:
            client.delete_object(Bucket=name, Key=path)
        else:
            client.put_object(Bucket=name, Key=path, Body=body)

    for path, body in objects.items():
        change(path, body)
    return Source(f"{store.settings['AWS_ENDPOINT_URL_S3']}/{name}", change)


def test_a_folder_names_versions_as_a_bucket_of_the_same_files_does(tmp_path: Path, object_store: Any) -> None:
    there = _bucket(object_store, dict(SEEDED.objects())).open()
    assert _folder(tmp_path).open().find(101, FIRST, FIRST) == there.find(101, FIRST, FIRST)


class TestEverySource:
    def test_finds_the_days_that_have_a_file_in_order(self, source: Source) -> None:
        found = source.open().find(101, date(2021, 2, 1), date(2021, 2, 28))
        expected = [day for day in layout.days(SEEDED.first, date(2021, 2, 28)) if day != date(2021, 2, 25)]
        assert [one.day for one in found] == expected
        assert [one.path for one in found] == [layout.path(101, day) for day in expected]
        assert [one.size for one in found] == [len(SEEDED.body(101, day)) for day in expected]

    def test_reads_the_version_that_it_found(self, source: Source) -> None:
        archive = source.open()
        found = archive.find(102, FIRST, FIRST)[0]
        assert archive.read(found, layout.LARGEST) == SEEDED.body(102, FIRST)

    def test_the_same_content_has_the_same_etag_each_time(self, source: Source) -> None:
        assert source.open().find(101, FIRST, FIRST) == source.open().find(101, FIRST, FIRST)

    def test_a_patched_day_has_another_etag_and_its_old_version_is_gone(self, source: Source) -> None:
        archive = source.open()
        before = archive.find(101, FIRST, FIRST)[0]
        source.patch(before.path, SEEDED.body(101, FIRST, lambda lines: lines[1:]))
        after = archive.find(101, FIRST, FIRST)[0]
        assert after.etag != before.etag
        assert archive.read(before, layout.LARGEST) is None
        assert archive.read(after, layout.LARGEST) is not None

    def test_a_day_taken_back_is_an_answer_and_no_error(self, source: Source) -> None:
        archive = source.open()
        found = archive.find(101, FIRST, FIRST)[0]
        source.patch(found.path, None)
        assert archive.find(101, FIRST, FIRST) == []
        assert archive.read(found, layout.LARGEST) is None

    def test_a_location_that_is_not_there_has_no_days(self, source: Source) -> None:
        assert source.open().find(999, FIRST, SEEDED.last) == []
        assert not source.open().holds(999)

    def test_a_body_is_read_up_to_a_limit(self, source: Source) -> None:
        archive = source.open()
        found = archive.find(101, FIRST, FIRST)[0]
        body = archive.read(found, 100)
        assert body is None or len(body) == 101  # a digest of the whole cannot be made of a part

    def test_etags_can_stand_in_a_key(self, source: Source) -> None:
        assert all(layout.plain(one.etag) == one.etag for one in source.open().find(101, FIRST, FIRST))


@pytest.mark.parametrize("wrong", ["", "no/such/folder", "s3://openaq-data-archive", "http://", "http://h/b?versions"])
def test_a_source_that_cannot_be_one_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match="--source"):
        open_archive(wrong, timeout=1)


def test_a_folder_without_an_archive_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no records/csv\.gz"):
        open_archive(str(tmp_path), timeout=1)


def ask(responder: Responder, *, timeout: float = 0.2) -> StepError:
    """The error that a day's find ends with."""
    with serving(responder) as address, pytest.raises(StepError) as raised:
        open_archive(address, timeout=timeout).find(101, FIRST, FIRST)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
    return raised.value


def read(answer: Answer, *, timeout: float = 0.2) -> StepError:
    """The error that reading a day ends with, after it was found."""
    objects = dict(Seeded(days=1).objects())
    with serving(bucket(objects)) as address:
        found = open_archive(address, timeout=5).find(101, FIRST, FIRST)[0]
    with serving(lambda _path, _query: answer) as address, pytest.raises(StepError) as raised:
        open_archive(address, timeout=timeout).read(found, layout.LARGEST)
    assert "\n" not in str(raised.value)
    return raised.value


class TestAServerThatMisbehaves:
    def test_that_is_not_there(self) -> None:
        with serving(files({})) as address:
            pass
        with pytest.raises(StepError, match="no connection") as raised:
            open_archive(address, timeout=1).find(101, FIRST, FIRST)
        assert "refused" in str(raised.value)
        assert raised.value.exit_code == 1

    def test_whose_name_does_not_resolve(self) -> None:
        with pytest.raises(StepError, match="no connection"):
            open_archive("http://archive.invalid", timeout=1).find(101, FIRST, FIRST)

    def test_that_hangs(self) -> None:
        free = threading.Event()
        try:
            error = ask(lambda _path, _query: Answer(200, b"x", after=free))
        finally:
            free.set()
        assert "did not answer within 0.2 s" in str(error)
        assert error.exit_code == 1

    def test_that_sends_a_byte_now_and_then_for_ever(self) -> None:
        """Each byte comes within the timeout; the whole must all the same be bounded."""
        import socket

        with socket.create_server(("127.0.0.1", 0)) as listener:
            ended = threading.Event()

            def drip() -> None:
                listener.settimeout(0.05)
                open_ones: list[socket.socket] = []
                while not ended.wait(0.05):
                    try:
                        connection, _ = listener.accept()
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                        open_ones.append(connection)
                    except TimeoutError:
                        pass
                    for connection in list(open_ones):
                        try:
                            connection.sendall(b"x")
                        except OSError:
                            open_ones.remove(connection)
                            connection.close()
                for connection in open_ones:
                    connection.close()

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                with pytest.raises(StepError, match="had not ended"):
                    open_archive(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3).find(101, FIRST, FIRST)
            finally:
                ended.set()
                thread.join()

    def test_that_answers_500(self) -> None:
        error = ask(lambda _path, _query: Answer(500, b"oops"))
        assert "answered 500" in str(error)
        assert error.exit_code == 1

    def test_that_answers_500_once_is_asked_again(self) -> None:
        objects = dict(Seeded(days=1).objects())
        healthy = bucket(objects)
        asked: list[str] = []

        def respond(path: str, query: str) -> Answer:
            asked.append(path)
            return Answer(503) if len(asked) == 1 else healthy(path, query)

        with serving(respond) as address:
            assert len(open_archive(address, timeout=0.2).find(101, FIRST, FIRST)) == 1

    def test_that_answers_every_question_with_a_web_page(self) -> None:
        page = Answer(200, b"<html>Welcome!</html>", {"Content-Type": "text/html; charset=utf-8"})
        error = ask(lambda _path, _query: page)
        assert "web page" in str(error)
        assert error.exit_code == 2

    def test_that_answers_with_a_web_page_where_there_was_a_file(self) -> None:
        error = read(Answer(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"}))
        assert "web page" in str(error)
        assert error.exit_code == 1

    def test_that_asks_for_credentials(self) -> None:
        assert ask(lambda _path, _query: Answer(401)).exit_code == 2

    def test_that_cuts_a_file_off(self) -> None:
        error = read(Answer(200, b"\x1f\x8b" + b"0" * 98, {"ETag": '"a"'}, announced=2000))
        assert "it broke off" in str(error)
        assert "1900 more expected" in str(error)
        assert error.exit_code == 1

    def test_whose_listing_has_no_end(self) -> None:
        endless = (
            b"<ListBucketResult><IsTruncated>true</IsTruncated>"
            b"<NextContinuationToken>again</NextContinuationToken></ListBucketResult>"
        )
        assert "without an end" in str(ask(lambda _path, _query: Answer(200, endless), timeout=5))

    def test_whose_etag_leads_elsewhere(self) -> None:
        objects = dict(Seeded(days=1).objects())
        hostile = dict.fromkeys(objects, '"../../../openaq/features/no2"')
        with serving(bucket(objects, etags=hostile)) as address:
            archive = open_archive(address, timeout=5)
            found = archive.find(101, FIRST, FIRST)[0]
            assert archive.read(found, layout.LARGEST) == objects[found.path]
        assert "/" not in found.etag
        assert ".." not in layout.raw_key("openaq", found.location, found.day, found.etag)

    def test_that_lists_what_is_not_of_the_layout(self) -> None:
        objects = dict(Seeded(days=1).objects())
        prefix = layout.month_prefix(101, FIRST)
        objects |= {f"{prefix}location-101-20210302.csv": b"", f"{prefix}../location-101-20210303.csv.gz": b""}
        with serving(bucket(objects)) as address:
            found = open_archive(address, timeout=5).find(101, FIRST, SEEDED.last)
        assert [one.path for one in found] == [layout.path(101, FIRST)]

    def test_that_answers_a_version_that_is_not_the_planned_one(self) -> None:
        objects = dict(Seeded(days=1).objects())
        with serving(bucket(objects)) as address:
            archive = open_archive(address, timeout=5)
            found = archive.find(101, FIRST, FIRST)[0]
            assert archive.read(replace(found, etag="older"), layout.LARGEST) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Index of /</body></html>",
        b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        b"<ListBucketResult><Contents><Key>cut off",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        b"<ListBucketResult><Contents><Key>a</Key><Size>many</Size></Contents></ListBucketResult>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
        '<!DOCTYPE ListBucketResult SYSTEM "file:///etc/passwd"><ListBucketResult/>'.encode("utf-16"),
    ],
)
def test_what_is_no_listing_is_not_taken_for_one(body: bytes) -> None:
    with pytest.raises(NoListing):
        parse(body)


@pytest.mark.parametrize("etag", ["", ".", "..", "a/b", "a\\b", "é", "a b", "a" * 200, "{{workflow.name}}", "a\n"])
def test_an_etag_that_is_not_plain_becomes_a_digest(etag: str) -> None:
    name = layout.plain(etag)
    assert name == layout.plain(name)
    assert name.isalnum()


def test_a_plain_etag_is_itself() -> None:
    assert layout.plain('"9b2cf535f27731c974343645a3985328-2"') == "9b2cf535f27731c974343645a3985328-2"
    assert layout.plain('W/"abc.1_2"') == "abc.1_2"
