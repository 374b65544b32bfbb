#!/bin/sh
# /usr/local/bin/rsvp-bot: runs a command of the bot as its user, where its .env and data are.
cd /var/lib/rsvp-bot || exit 1
if [ "$(id -un)" = rsvp-bot ]; then
    exec /opt/rsvp-bot/.venv/bin/rsvp-bot "$@"
fi
exec runuser -u rsvp-bot -- /opt/rsvp-bot/.venv/bin/rsvp-bot "$@"
