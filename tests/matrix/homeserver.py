"""A homeserver for tests, in the foreground: Synapse on loopback with SQLite, which talks to no other server.

    homeserver.py FOLDER PORT [limits]

FOLDER keeps everything, so that it can be stopped and started again. With `limits` it keeps the limits that Synapse has by
default; without, there are none. It ends when its standard input does: so it never outlives whoever started it, however that
ended. On standard output it says what Synapse logs.
"""

import base64
import os
import sys
import threading

import yaml

# Everything in Synapse's configuration that holds somebody back.
LIMITS = {
    "rc_message": None,
    "rc_registration": None,
    "rc_login": ["address", "account", "failed_attempts"],
    "rc_joins": ["local", "remote"],
    "rc_joins_per_room": None,
    "rc_invites": ["per_room", "per_user", "per_issuer"],
    "rc_room_creation": None,
    "rc_key_requests": None,
    "rc_admin_redaction": None,
}
NO_LIMIT = {"per_second": 100_000, "burst_count": 100_000}
# Who knows it may register; the server can't be reached from anywhere else.
SECRET = "only-on-loopback"


def configuration(folder, port, limits):
    """What Synapse is started with. Cheap password hashes, for logins within a test."""
    config = {
        "server_name": "localhost",
        "report_stats": False,
        "pid_file": f"{folder}/homeserver.pid",
        "listeners": [{
            "port": port,
            "type": "http",
            "tls": False,
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"], "compress": False}],
        }],
        "database": {"name": "sqlite3", "args": {"database": f"{folder}/homeserver.db"}},
        "log_config": f"{folder}/log.yaml",
        "media_store_path": f"{folder}/media",
        "signing_key_path": f"{folder}/signing.key",
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": SECRET,
        "form_secret": SECRET,
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        "presence": {"enabled": False},
        "bcrypt_rounds": 4,
    }
    if not limits:
        for name, parts in LIMITS.items():
            config[name] = {part: NO_LIMIT for part in parts} if parts else NO_LIMIT
    return config


def logging(folder):
    """Warnings, and that it listens."""
    return {
        "version": 1,
        "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
        "loggers": {"synapse.app._base": {"level": "INFO"}},
        "root": {"level": "WARNING", "handlers": ["out"]},
        "disable_existing_loggers": False,
    }


def prepare(folder, port, limits):
    os.makedirs(f"{folder}/media", exist_ok=True)
    if not os.path.exists(f"{folder}/signing.key"):
        seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
        with open(f"{folder}/signing.key", "w") as file:
            file.write(f"ed25519 a_test {seed}\n")
    for name, what in [("homeserver.yaml", configuration(folder, port, limits)), ("log.yaml", logging(folder))]:
        with open(f"{folder}/{name}", "w") as file:
            yaml.safe_dump(what, file)


def end_with_input():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main():
    folder, port = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    prepare(folder, port, "limits" in sys.argv[3:])
    threading.Thread(target=end_with_input, daemon=True).start()
    os.chdir(folder)
    sys.argv[1:] = ["-c", f"{folder}/homeserver.yaml"]
    from synapse.app.homeserver import main as synapse

    synapse()


if __name__ == "__main__":
    main()
