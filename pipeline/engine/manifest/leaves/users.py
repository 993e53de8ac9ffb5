"""Reading as whom containers run: `securityContext` of a container, a template or a workflow.

https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

from typing import Final

from pipeline.engine.manifest.fields import Fields

_OTHERS: Final = (
    "allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem",
    "runAsNonRoot", "seLinuxOptions", "seccompProfile", "windowsOptions", "fsGroup", "fsGroupChangePolicy",
    "seLinuxChangePolicy", "supplementalGroups", "supplementalGroupsPolicy", "sysctls",
)  # fmt: skip


def read_user(fields: Fields) -> str:
    """The field `securityContext`: the number of a user, with that of a group after a colon; empty where it names no
    user."""
    fields.ignore(*_OTHERS)
    user, group = fields.number("runAsUser"), fields.number("runAsGroup")
    if user is None and group is not None:
        fields.refuse("is there without runAsUser, so a cluster would not start the container", "runAsGroup")
    if user is None:
        return ""
    return str(user) if group is None else f"{user}:{group}"
