"""Keeps the configurations of taps and loaders, which hold passwords, out of the disk.

Meltano writes each into a file and removes it when the plugin has ended; a killed run leaves it. So the
file is a link to memory of this process: it is gone with the process, however that ends.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meltano.core.plugin_invoker import PluginInvoker
    from sqlalchemy.orm import Session


def keep_in_memory() -> None:
    """Let Meltano, in this process, write configurations of plugins into memory."""
    from meltano.core.plugin.base import PluginType
    from meltano.core.plugin_invoker import PluginInvoker as Invoker

    singer = {PluginType.EXTRACTORS, PluginType.LOADERS, PluginType.MAPPERS}
    prepare, cleanup = Invoker.prepare, Invoker.cleanup
    memory: dict[PluginInvoker, int] = {}

    async def prepare_in_memory(self: PluginInvoker, session: Session) -> None:
        if self.plugin.type in singer and self not in memory:
            link = self.files["config"]
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            memory[self] = os.memfd_create(link.name)
            os.fchmod(memory[self], 0o600)
            link.symlink_to(f"/proc/{os.getpid()}/fd/{memory[self]}")
        await prepare(self, session)

    async def cleanup_memory(self: PluginInvoker) -> None:
        try:
            await cleanup(self)
        finally:
            if (handle := memory.pop(self, None)) is not None:
                os.close(handle)

    replaced: Any = Invoker
    replaced.prepare, replaced.cleanup = prepare_in_memory, cleanup_memory
