"""The volumes of a node, and where each is on this machine."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pipeline.engine.host import Host
from pipeline.engine.places import Binding, Place
from pipeline.engine.settings import write_private
from pipeline.engine.spec import Container, Source, Template, Volume
from pipeline.errors import PipelineError

_FILES: Final = ("secret", "configMap", "projected")  # kinds that are never written


def mounted(
    template: Template, container: Container, place: Place, host: Host, *, shared: bool = False
) -> list[Binding]:
    """Make the volumes that a container mounts; what is where for it, a mount in another after that. `shared`: with
    other containers of its pod.

    Raises:
        PipelineError: one is not there, or may not be mounted here.
    """
    volumes = {volume.name: volume for volume in template.volumes}
    folders: dict[str, Path] = {}
    uses = Counter(each.volume for each in container.mounts)
    found = []
    for each in sorted(container.mounts, key=lambda mount: mount.path):
        volume = volumes.get(each.volume)
        if volume is None:
            raise PipelineError(f"the volume {each.volume}, mounted at {each.path}, is not among the volumes")
        if volume.kind == "empty" and uses[each.volume] == 1 and not each.sub_path and not shared:
            source = place.local(each.path)
        else:
            if each.volume not in folders:
                folders[each.volume] = _made(volume, place, host)
            source = folders[each.volume] / each.sub_path
        if not source.exists():
            source.mkdir(parents=True)
        found.append(Binding(each.path, source, each.read_only or volume.kind in _FILES))
    return found


def _made(volume: Volume, place: Place, host: Host) -> Path:
    if volume.kind == "host":
        return host.folder(volume.source)
    if volume.kind in _FILES:
        folder = place.own / "secrets" / volume.name
        folder.mkdir(parents=True, mode=0o700)
        _fill(folder, volume.parts or (volume,), host)
        return folder
    folder = {
        "empty": place.folder / "volumes" / volume.name,
        "run": place.run / "volumes" / volume.name,
        "claim": place.claims / volume.source,
    }[volume.kind]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fill(folder: Path, parts: Iterable[Volume], host: Host) -> None:
    for part in parts:
        source: Source = "secret" if part.kind == "secret" else "configMap"
        found = host.optional(source, part.source) if part.optional else host.environment(source, part.source)
        for key, path in part.items or [(key, key) for key in found or ()]:
            if found and key in found:
                write_private(folder / path, found[key])
            elif not part.optional:
                raise PipelineError(
                    f"the volume {part.name} wants the key {key} of the {source} {part.source}; "
                    f"it has {', '.join(found or ()) or 'none'}"
                )
