"""What runs of a site beside its requests: workers, which run all the time, and schedules, which run at times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Command, Options, Size
from lampctl.playbook.sites.base import SiteBase
from lampctl.playbook.sites.cron import on_calendar
from lampctl.playbook.sites.names import shortened
from lampctl.playbook.text import Text


def _checked(every: str) -> str:
    on_calendar(every)
    return every


# No underscore: units have one between the name of the site and this one, so that no two units share a name.
JobName = Annotated[
    str,
    Text(
        "name of a worker or schedule",
        "is not a valid name of a worker or schedule: a letter, then a-z, 0-9 and -, at most 32 of them",
        "queue",
        "[a-z][a-z0-9-]{0,31}",
    ),
]
Every = Annotated[
    str,
    Text(
        "schedule",
        'is neither a cron schedule of five fields, such as "*/5 * * * *", nor a systemd calendar expression, such as '
        '"Mon..Fri 03:00"',
        "*/5 * * * *",
        check=_checked,
    ),
]


class WorkerOptions(Options):
    """A program that runs all the time beside a site's requests."""

    command: Command = Field(
        description="The program and its arguments, as in a unit's ExecStart. `./run` and `bin/run` are below the "
        "release, `php` is the site's own version. `%i` is the number of the instance."
    )
    instances: Annotated[int, Field(ge=1, le=64)] = Field(1, description="How many of it run side by side.")
    memory_max: Size | None = Field(None, description="The most memory for each instance (systemd's MemoryMax).")
    stop_timeout: Annotated[int, Field(ge=1, le=600)] = Field(
        60, description="Seconds to finish its work after SIGTERM, when it is stopped or restarted; then it is killed."
    )


class ScheduleOptions(Options):
    """A command that runs at times."""

    every: Every = Field(
        description="When it runs, in the host's time zone: cron's five fields, `@daily` and the like, or a systemd "
        "calendar expression."
    )
    command: Command = Field(description="The program and its arguments, as for a worker.")
    each: bool = Field(
        False, description="It runs on every host of the site, not only on the first of the playbook's `hosts`."
    )

    @model_validator(mode="after")
    def _has_one_instance(self) -> Self:
        if "%i" in self.command.replace("%%", ""):
            raise ValueError("`%i` is the number of a worker's instance: a schedule has none")
        return self


class WorkingSite(SiteBase):
    """A site whose release has programs besides the one that answers requests."""

    workers: dict[JobName, WorkerOptions] = Field(
        {}, description="Programs that run all the time beside the site's requests, by name: queue workers."
    )
    schedule: dict[JobName, ScheduleOptions] = Field({}, description="Commands that run at times, by name.")

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:
        """What a build or a shared path brings is not known here."""
        wrong = super().unfit(modes)
        if wrong or any(getattr(self, field, None) for field in ("build", "shared")):
            return wrong
        commands = [*((name, job.command) for name, job in self.workers.items()),
                    *((name, job.command) for name, job in self.schedule.items())]  # fmt: skip
        for name, command in commands:
            program = command.partition(" ")[0]
            path = program.removeprefix("./")
            if "/" not in program or path.startswith("/"):
                continue
            if path not in modes:
                return f"it has no {path}, which is the command of {name}", "a path with a slash is below the release"
            if not modes[path] & 0o111:
                return f"its {path} lacks the run bit, and is the command of {name}", f"chmod +x {path}"
        return None

    def jobs(self, name: str) -> tuple[str, ...]:
        """The units of its workers and schedules, which have checks of their own."""
        workers = (worker_unit(name, worker, n) for worker, it in self.workers.items() for n in instances(it))
        schedules = (f"{schedule_unit(name, one)}{kind}" for one in self.schedule for kind in (".service", ".timer"))
        return (*workers, *schedules)


def instances(worker: WorkerOptions) -> range:
    """The numbers of its instances."""
    return range(1, worker.instances + 1)


def worker_unit(name: str, worker: str, instance: int | str) -> str:
    """The unit of one instance of a worker; the template unit of an empty one."""
    return f"lampctl-worker-{shortened(name, 180)}_{worker}@{instance}.service"


def schedule_unit(name: str, schedule: str) -> str:
    """The unit of a schedule, without its suffix: it has a service and a timer."""
    return f"lampctl-schedule-{shortened(name, 180)}_{schedule}"
