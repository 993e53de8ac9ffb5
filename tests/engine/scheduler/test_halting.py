"""A run that a person suspends: what runs goes on, and nothing begins until a person lets it go on."""

from pipeline.engine.scheduler.events import Continued, Stopped, Suspended
from tests.engine.laboratory import Simulate

CHAIN = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: leaf}
        - {name: b, template: leaf, depends: a}
        - {name: c, template: leaf, depends: a}
        - {name: d, template: leaf, depends: b && c}
"""


def test_nothing_follows_while_it_is_suspended(prepare: Simulate) -> None:
    found = prepare(CHAIN).begin()
    found.tell(Suspended(found.now))
    found.finish()
    assert found.phases == {"(root)": "Running", "a": "Succeeded"}
    assert found.run.phase == "Running"
    found.tell(Continued(found.now))
    assert found.finish().run.phase == "Succeeded"
    assert found.started == ["w-1.a", "w-1.b", "w-1.c", "w-1.d"]


def test_what_ended_meanwhile_is_taken_up_in_its_order(prepare: Simulate) -> None:
    found = prepare(CHAIN).begin()
    found.step()
    found.tell(Suspended(found.now))
    found.finish()
    found.tell(Continued(found.now))
    assert found.finish().run.phase == "Succeeded"
    assert [name for name, phase in found.phases.items() if phase == "Succeeded"] == ["(root)", "a", "b", "c", "d"]


def test_a_manifest_may_begin_suspended(prepare: Simulate) -> None:
    found = prepare(f"suspend: true{CHAIN}").begin().finish()
    assert found.phases == {} and found.run.phase == "Running"
    found.tell(Continued(found.now))
    assert found.finish().run.phase == "Succeeded"


def test_a_stop_ends_it_all_the_same(prepare: Simulate) -> None:
    for spec in (CHAIN, f"suspend: true{CHAIN}"):
        found = prepare(spec).begin()
        found.tell(Suspended(found.now))
        found.tell(Stopped(found.now, "Stop"))
        assert found.finish().run.phase == "Failed"


def test_a_pause_does_not_end_meanwhile(prepare: Simulate) -> None:
    found = prepare(
        """
        entrypoint: main
        templates:
          - name: main
            suspend: {duration: 5s}
        """
    ).begin()
    found.tell(Suspended(found.now))
    assert found.run.next_tick is None
    found.tell(Continued(found.now))
    assert found.finish().run.phase == "Succeeded"
