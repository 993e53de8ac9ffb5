"""What a command says of the folder that it is called in, on stderr, before it does anything there."""

import click


def note_manifests() -> None:
    """That names mean the folder's own manifests, where they do and it declares no project of its own."""
    from pipeline import projects, shipped

    if shipped.hidden() and not projects.here():
        click.echo("note: workflows are those of ./manifests, not those that ship", err=True)


def note_projects() -> None:
    """Which declarations cannot be loaded, and which names mean several projects."""
    from pipeline.projects import problems

    for line in problems():
        click.echo(f"note: {line}", err=True)


def note_state() -> None:
    """That state begins here, though a folder further up has some."""
    from pipeline.laptop.home import above, home

    if other := above():
        click.echo(f"note: state begins in {home()}; to use that of {other}, set PIPELINE_HOME={other}", err=True)
