"""The command line: parses, calls, prints. What a command does lives in the module that it calls, and is imported only
then, so that `pipeline --help` answers at once."""

import sys
from gc import set_threshold
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import __version__
from pipeline.cli import cluster, forked, inbox, models, notebook, secret
from pipeline.cli.help import example
from pipeline.cli.init import init
from pipeline.cli.pairs import named_values
from pipeline.cli.place import note_manifests, note_projects, note_state
from pipeline.cli.serve import serve
from pipeline.errors import PipelineError, UserError
from steps.errors import StepError
from steps.pages.words import one_line

if TYPE_CHECKING:
    from pipeline.engine.manifest import Found
    from pipeline.laptop.machine import LocalMachine

_PAIR = "as-of=2004-01-01T00:00:00Z"  # of a parameter and its value


class _Commands(click.Group):
    """Lists commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pipeline")
def cli() -> None:
    """Machine-learning pipelines on Argo, and from the same manifests on this machine.

    State is in .pipeline of the present folder, or in $PIPELINE_HOME. Workflows are known by their names in ./manifests
    or, where there is no such folder, in the manifests that ship.
    """


@cli.command(**example("pipeline quickstart openaq --as-of 2003-06-01T00:00:00Z"))
@click.argument("project", default="")
@click.option("--data", default="", help="wine, abalone: a CSV file, or `look-alike`. Default: the original from UCI.")
@click.option("--locations", default="", help="OpenAQ location ids, comma-separated. Default: the sample's two.")
@click.option("--parameter", default="", help="What to learn, such as no2 or pm25. Default: the project's target.")
@click.option(
    "--as-of", default="", help="The time that governs data, RFC 3339. Default: the end of the sample, or now."
)
@click.option("--source", default="", help="A folder or URL in the OpenAQ archive's layout. Default: the sample.")
@click.option("--by-make", is_flag=True, hidden=True, help="The options were typed as variables of make.")
def quickstart(
    project: str, data: str, *, locations: str, parameter: str, as_of: str, source: str, by_make: bool
) -> None:
    """Do the main job here: collect or drop a file, learn, deploy, verify, predict. This is `make run`.

    PROJECT is that of the present folder where it is left out, or else openaq.
    """
    from pipeline.laptop.home import home
    from pipeline.project import TableProject
    from pipeline.projects import find, here
    from pipeline.quickstart.alone import alone
    from pipeline.quickstart.typed import Typed

    note_manifests()
    note_state()
    declared, typed = find(project or next(iter(here()), "openaq")), Typed(by_make)
    series = {"locations": locations, "parameter": parameter, "as-of": as_of, "source": source}
    if isinstance(declared, TableProject):
        from pipeline.quickstart.table import quickstart as drop

        if wrong := next((typed.given(name, value) for name, value in series.items() if value), ""):
            raise UserError(
                f"{wrong} is not for {declared.name}, which learns from a file; give {typed.given('data', 'FILE')}"
            )
        with alone(home()):
            drop(declared, data, typed)
        return
    from pipeline.quickstart.series import SeriesOptions
    from pipeline.quickstart.series import quickstart as start

    if data:
        raise UserError(
            f"{typed.given('data', data)} is not for {declared.name}, which learns from an archive; give "
            f"{typed.given('source', 'FOLDER')} or an address"
        )
    with alone(home()):
        start(declared, SeriesOptions(locations, parameter, as_of, source, typed))


cli.add_command(init)


@cli.command(**example("pipeline render --check"))
@click.argument("projects", nargs=-1, metavar="[PROJECT]...")
@click.option("--check", is_flag=True, help="Change nothing; fail where manifests/ is not what would be written.")
def render(projects: tuple[str, ...], check: bool) -> None:
    """Write manifests/ of the present folder from the declarations of PROJECT; or of all projects that the folder has;
    or, where it has none, of all that there are."""
    from pipeline.projects import clashes, here, names
    from pipeline.render import rendered_here

    own = here()
    for line in clashes():
        click.echo(f"note: {line}", err=True)
    broken = []
    for name in projects or own or names():
        remedy = "pipeline render" if name in (own or names()) else f"pipeline render {name}"
        try:
            for path in rendered_here(name, remedy, check=check):
                click.echo(path)
        except UserError as error:
            broken.append(str(error))
    if broken:
        raise UserError("\n".join(broken))


@cli.command(**example("pipeline lint"))
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option(
    "--argo", type=click.Choice(["3.7", "4.0"]), default="4.0", show_default=True,
    help="Which line of Argo the cluster has.",
)  # fmt: skip
def lint(folder: Path | None, argo: str) -> None:
    """Check manifests with this engine, against what a cluster admits, and with `argo lint --offline` where argo is
    installed."""
    from pipeline import shipped
    from pipeline.lint import folders
    from pipeline.lint import lint as check

    if folder is None:
        note_manifests()
    for directory in [folder] if folder else folders(shipped.manifests()):
        for line in check(directory, argo):
            click.echo(line)


@cli.command(**example("pipeline run openaq-train -p as-of=2003-06-01T00:00:00Z"))
@click.argument("target", required=False)
@click.argument("name", required=False)
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="A workflow parameter.")
@click.option("--dry-run", is_flag=True, help="Show the tree that would run, with its conditions; start nothing.")
@click.option(
    "--from", "node", metavar="NODE", help="Run again from a node: what the newest run has done before is reused."
)
@click.option("--of", "earlier", metavar="RUN", default="", help="With --from: reuse this run, not the newest.")
@click.option(
    "--secrets",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Secrets for this run: NAME=VALUE lines, or YAML.",
)
@click.option(
    "--image", "images", multiple=True, metavar="IMAGE=COMMAND", help="What runs where a container has no command."
)
@click.option(
    "--host-paths", is_flag=True, help="Let steps have the folders of this machine that hostPath volumes name."
)
@click.option("--kubectl", is_flag=True, help="Send objects of kinds that are not here to kubectl's cluster.")
@click.option(
    "--in",
    "where",
    default="",
    metavar="PLACE",
    help="Run steps in a process, a sandbox or a container. Default: each in the least of these that it needs.",
)
@click.option("--resume", metavar="RUN", help="Go on with a run that was cut off, instead of starting one.")
@click.option("--logs", is_flag=True, help="Show each line that a step writes, as it comes, instead of the tree.")
@click.option("--cores", type=click.IntRange(1), help="How many steps run at once. Default: as many as there are.")
def run(
    target: str | None,
    name: str | None,
    pairs: tuple[str, ...],
    *,
    dry_run: bool,
    node: str | None,
    earlier: str,
    secrets: Path | None,
    images: tuple[str, ...],
    host_paths: bool,
    kubectl: bool,
    where: str,
    resume: str | None,
    logs: bool,
    cores: int | None,
) -> None:
    """Run a workflow here: one of ./manifests (or of those that ship) by its name, or one of any file or folder.

    TARGET is that name, file or folder; NAME says which, where a file or folder holds several.
    """
    from pipeline.laptop.machine import Again, LocalMachine

    if (target is None) == (resume is None):
        raise UserError("wanted the name of a workflow, a file or a folder; or --resume RUN; see: pipeline lint")
    if resume is not None and (pairs or node or dry_run or where):
        raise UserError("--resume goes on with a run as it began; leave out -p, --from, --in and --dry-run")
    if earlier and not node:
        raise UserError(f"--of {earlier} says which run --from NODE takes from; give --from too")
    machine = LocalMachine.here() if resume is None else LocalMachine.known()
    machine.give(secrets, images, host_paths=host_paths, cluster=kubectl, where=where)
    again = Again(node, earlier) if node else None
    if target is not None:
        from pipeline.engine.manifest import is_place

        if not is_place(target):
            note_manifests()
        parameters = named_values(pairs, _PAIR)
        found = machine.find(target, name or "", parameters)
        if found.note:
            click.echo(f"note: {found.note}", err=True)
        if dry_run:
            from pipeline.show.dry_run import show

            show(found, *machine.taken(found, parameters, again))
            machine.check(found, parameters)
            _note_place(machine, found)
            return
        note_state()
        resume = machine.begin(found, parameters, again)
        _note_place(machine, found)
    _succeed(machine, str(resume), logs=logs, cores=cores)


def _succeed(machine: "LocalMachine", run: str, *, logs: bool, cores: int | None) -> None:
    if logs:
        from pipeline.show.logs import live_logs

        machine.succeed(run, live_logs, cores=cores)
    else:
        machine.succeed(run, cores=cores)


def _note_place(machine: "LocalMachine", found: "Found") -> None:
    if line := machine.told(found):
        click.echo(f"note: {line}", err=True)


@cli.command(**example("pipeline stop openaq-train-x7k2p"))
@click.argument("run")
def stop(run: str) -> None:
    """Stop a run that is going on: it fails, and its exit handler runs, as with `argo stop`."""
    from pipeline.laptop.machine import LocalMachine

    click.echo(LocalMachine.known().stop(run))


@cli.command(**example("pipeline locations --near 48.2085,16.3731 --parameter pm25"))
@click.option("--near", required=True, metavar="LAT,LON", help="Around where, in degrees.")
@click.option("--parameter", default="no2", show_default=True, help="What they must measure.")
@click.option("--radius", default=12.0, show_default=True, help="Kilometres around; at most 25.")
def locations(near: str, parameter: str, radius: float) -> None:
    """Find OpenAQ's locations around a place, with what they measure. Needs OPENAQ_API_KEY."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.quickstart import locations as known

    place, metres = known.place(near), known.farthest(radius)
    click.echo(known.listed(known.near(LocalMachine.here(), *place, metres, parameter), parameter, radius))


@cli.command(**example("pipeline backfill openaq --from 2002-07-01 --to 2003-12-30"))
@click.argument("project")
@click.option("--from", "first", required=True, metavar="DAY", help="The first day, YYYY-MM-DD.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last day, YYYY-MM-DD.")
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="A workflow parameter.")
def backfill(project: str, first: str, last: str, pairs: tuple[str, ...]) -> None:
    """Collect a range of days."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.projects import find

    note_manifests()
    note_state()
    machine = LocalMachine.here()
    parameters = {"from": first, "to": last} | named_values(pairs, _PAIR)
    machine.succeed(machine.submit(f"{find(project).name}-backfill", parameters, ("from", "to")))


cli.add_command(secret.secret)
cli.add_command(inbox.put)
cli.add_command(inbox.inbox)
cli.add_command(cluster.deploy)
cli.add_command(cluster.undeploy)
cli.add_command(cluster.status)
cli.add_command(cluster.doctor)
cli.add_command(models.models)
cli.add_command(models.rollback)
cli.add_command(models.monitor)
cli.add_command(models.features)
cli.add_command(models.metrics)
cli.add_command(notebook.notebook)


@cli.command(**example("pipeline watch"))
@click.argument("place", type=click.Path(path_type=Path, exists=True), required=False)
def watch(place: Path | None) -> None:
    """Wait for what starts workflows: the schedules and uploads that CronWorkflows and Sensors of ./manifests (or of
    those that ship), or of PLACE, name."""
    from pipeline.watch.here import watch_here

    if place is None:
        note_manifests()
    note_state()
    watch_here(place)


@cli.command(**example("pipeline cron"))
@click.argument("place", type=click.Path(path_type=Path, exists=True), required=False)
def cron(place: Path | None) -> None:
    """List the CronWorkflows of ./manifests (or of those that ship), or of PLACE: when each is due, and how its last
    run went."""
    from pipeline.watch.here import list_here

    if place is None:
        note_manifests()
    text, problems = list_here(place)
    for problem in problems:
        click.echo(f"note: {problem}", err=True)
    click.echo(text)


@cli.command(**example("pipeline runs"))
@click.option("--limit", default=20, show_default=True, help="How many, newest first.")
def runs(limit: int) -> None:
    """List the runs on this machine."""
    from pipeline.laptop.home import absent
    from pipeline.laptop.machine import LocalMachine
    from pipeline.show.tables import runs_table

    click.echo(absent() or runs_table(LocalMachine.here().runs()[:limit]))


@cli.command(**example("pipeline logs openaq-train-x7k2p trial"))
@click.argument("run", required=False)
@click.argument("node", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until the run ends.")
def logs(run: str | None, node: str | None, follow: bool) -> None:
    """Print the logs of a run's nodes (of the newest run; of nodes whose name contains NODE)."""
    from pipeline.laptop.machine import LocalMachine

    LocalMachine.known().logs(run, node or "", follow=follow)


@cli.command(**example("pipeline explain openaq-train-x7k2p decide"))
@click.argument("run", required=False)
@click.argument("node", required=False)
def explain(run: str | None, node: str | None) -> None:
    """Say why a node was skipped, omitted, failed, never came to be, or is waiting; of a run, all that went wrong.

    RUN is the newest where it is left out. With a file or folder in its place: why its manifests are refused.
    """
    from pipeline.engine.manifest import is_place
    from pipeline.explain import of_manifests
    from pipeline.explain.lines import write
    from pipeline.laptop.machine import LocalMachine

    if run is not None and node is None and (is_place(run) or Path(run).exists()):
        machine = LocalMachine.here()
        lines, good = of_manifests(Path(run), lambda found: machine.lacking(found, {}), machine.told)
        write(lines)
        sys.exit(0 if good else 2)
    write(LocalMachine.known().explain(run, node))


@cli.command(**example("pipeline report openaq-train-x7k2p"))
@click.argument("run", nargs=-1)
def report(run: tuple[str, ...]) -> None:
    """Write the page of a run (of the newest, or of several on one page) and print its path."""
    from pipeline.laptop.machine import LocalMachine

    click.echo(LocalMachine.known().report(run))


@cli.command(**example("pipeline up"))
def up() -> None:
    """Start the embedded servers, the models that were live, and the watch, which starts what is due or arrives; and
    leave them running."""
    from pipeline import stale
    from pipeline.laptop.champions import models_table
    from pipeline.laptop.machine import LocalMachine
    from pipeline.show.tables import servers_table
    from pipeline.watch.here import outlook

    note_manifests()
    note_projects()
    note_state()
    machine = LocalMachine.here()
    problems = machine.up()
    for line in [*stale.notes(machine.home, machine.manifests), *outlook(machine.home)]:
        click.echo(f"note: {line}", err=True)
    click.echo(servers_table(machine.stack.status()))
    if found := machine.served():
        click.echo(f"\n{models_table(found)}")
    if problems:
        raise PipelineError("; ".join(problems))


cli.add_command(serve)


@cli.command(**example("pipeline gc --days 30 --yes"))
@click.option(
    "--days", type=click.IntRange(1), default=30, show_default=True, help="Nothing younger than so many days goes."
)
@click.option("--yes", is_flag=True, help="Remove it. Without this, it is only shown.")
def gc(days: int, *, yes: bool) -> None:
    """Show, or remove, what nobody needs any more: old runs, datasets, trials, raw files, models that never served.

    What is live, on trial or could be rolled back to keeps all that it was made of.
    """
    from pipeline.laptop.machine import LocalMachine
    from pipeline.tidy import tidied

    machine = LocalMachine.known()
    with machine.reading():
        click.echo(tidied(machine, days, remove=yes))


@cli.command(**example("pipeline down"))
def down() -> None:
    """Stop the watch, what it started, the embedded servers and the model servers. Nothing is lost."""
    from pipeline.laptop.home import absent
    from pipeline.laptop.machine import LocalMachine

    if words := absent():
        click.echo(words)
        return
    LocalMachine.here().down()
    click.echo("stopped")


def main(*, here: bool = False) -> None:
    """Run the command line. Exit codes: 0 done, 1 try again, 2 bad input, 3 a run that did not succeed, 130 Ctrl-C.
    `here`: in this process, whatever runs beside it."""
    set_threshold(50_000, 10, 10)  # at Python's 700, looking for garbage is a tenth of a command
    try:
        if not here and (code := forked.done(sys.argv[1:])) is not None:
            sys.exit(code)
        cli(standalone_mode=False, prog_name="pipeline")
    except click.ClickException as error:
        asked = getattr(error, "ctx", None)
        more = f"; see: {asked.command_path} --help" if asked is not None else ""
        click.echo(f"error: {one_line(error.format_message()).rstrip('.')}{more}", err=True)
        sys.exit(2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (PipelineError, StepError) as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        click.echo(f"error: {_not_installed(error)}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _not_installed(error: ModuleNotFoundError) -> str:
    """In one line, where it is a library that an extra brings; anything else is raised again."""
    from pipeline import extras

    library = (error.name or "").partition(".")[0]
    if library not in extras.LIBRARIES:
        raise error
    return f"this needs {library}, which is not installed; run: {extras.remedy()}"
