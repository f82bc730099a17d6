"""What the service holds while it runs: memory, files, processes; written down every few seconds."""

from __future__ import annotations

import contextlib
import csv
import statistics
import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import psutil
from crash import traces

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.plant import Plant

EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Sample:
    """One look."""

    second: float
    memory_mb: float
    open_files: int
    threads: int
    processes: int
    temporary_files: int


class Samples:
    """Looks at a service again and again."""

    def __init__(self, plant: Plant, service: int, path: Path) -> None:
        """Begin; `service` is its process, `path` a file for all looks."""
        self.all: list[Sample] = []
        self._plant = plant
        self._service = psutil.Process(service)
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and write all looks down."""
        self._over.set()
        self._thread.join()
        with self._path.open("w", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Sample)])
            writer.writeheader()
            writer.writerows(asdict(sample) for sample in self.all)

    def growth(self, name: str) -> tuple[float, float]:
        """Return the median of the second quarter of all looks, when all has begun, and that of the last."""
        values = [float(getattr(sample, name)) for sample in self.all]
        quarter = max(1, len(values) // 4)
        return statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])

    def _go(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            with contextlib.suppress(psutil.Error):
                self.all.append(
                    Sample(
                        second=len(self.all) * EVERY_SECONDS,
                        memory_mb=round(self._service.memory_info().rss / 1e6, 1),
                        open_files=self._service.num_fds(),
                        threads=self._service.num_threads(),
                        processes=len(traces.processes(self._plant)),
                        temporary_files=sum(1 for _ in traces.temporary_files(self._plant)),
                    )
                )
