"""Telling a webhook that something failed. Its URL is a secret: it is read from the environment and never printed.

Slack, Mattermost, Rocket.Chat and the workflows of Teams take a JSON object with a ``text``:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

from ...compiler.emit.templates import render


def notify() -> str:
    """Post ``$MLOPS_TEXT`` to ``$MLOPS_WEBHOOK``, the value of the secret that ``$MLOPS_SECRET`` names."""
    return render(__package__, "notify.sh.j2")
