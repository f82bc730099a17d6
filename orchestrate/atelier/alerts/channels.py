"""What a channel is: something that takes a message, or says in one sentence why it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from atelier.alerts.messages import Message


class DeliveryError(Exception):
    """What did not take the message, and what to do, in one sentence without any secret."""


class Channel(Protocol):
    """A way of telling people."""

    @property
    def name(self) -> str:
        """As in `ops.alert_notices`."""

    def send(self, message: Message) -> str:
        """Send a message.

        Returns:
            Its Message-ID or what stands for it.

        Raises:
            DeliveryError: It was not taken.
        """
