"""A person who talks by matrix-nio: a client that knows neither the bot's library nor cross-signing.

    people.py HOMESERVER USER PASSWORD [FOLDER]

With FOLDER, where keys are kept, they talk in encrypted rooms too. Orders come as lines of JSON on standard input,
`{"id": 1, "do": "say", …}`, and are answered on standard output by `{"id": 1, "ok": …}` or `{"id": 1, "error": "…"}`; whatever
arrives is told as `{"event": {…}}`, decrypted. It ends when its input does.
"""

import asyncio
import io
import json
import logging
import sys
import urllib.parse

import nio

logging.getLogger("nio").setLevel(logging.CRITICAL)
# All of a burst in one answer: a person's screen has no gaps.
FILTER = {"room": {"timeline": {"limit": 1000}}}


class Failed(Exception):
    """An order that the homeserver refused."""


class Person:
    def __init__(self, client):
        self.client = client
        self.synced = asyncio.Condition()

    async def arrived(self, room, event):
        """Tells an event, in words that are the same for all people."""
        source = event.source
        content = source.get("content", {})
        relation = content.get("m.relates_to") or {}
        kind = relation.get("rel_type")
        mentions = content.get("m.mentions")
        tell({"event": {
            "room": room.room_id,
            "id": event.event_id,
            "sender": event.sender,
            "type": source.get("type", ""),
            "state_key": source.get("state_key"),
            "body": content.get("body"),
            "html": content.get("formatted_body"),
            "msgtype": content.get("msgtype"),
            "thread": relation.get("event_id") if kind == "m.thread" else None,
            "reply": (relation.get("m.in_reply_to") or {}).get("event_id"),
            "falling_back": relation.get("is_falling_back"),
            "target": relation.get("event_id") if kind in ("m.annotation", "m.replace") else source.get("redacts"),
            "key": relation.get("key"),
            "mentions": None if mentions is None else mentions.get("user_ids", []),
            "content": content,
            "encrypted": bool(getattr(event, "decrypted", False)) or isinstance(event, nio.MegolmEvent),
            "undecryptable": isinstance(event, nio.MegolmEvent),
            "at": event.server_timestamp,
        }})

    async def invited(self, room, event):
        if event.membership == "invite" and event.state_key == self.client.user_id:
            tell({"event": {"room": room.room_id, "id": "", "sender": event.sender, "type": "invite", "at": 0}})
            await self.client.join(room.room_id)

    async def live(self):
        """Goes on for ever; a homeserver that is away is asked again."""
        while True:
            try:
                done = await self.client.sync(timeout=30_000, sync_filter=FILTER)
                if not isinstance(done, nio.SyncResponse):
                    raise Failed(done)
                await self.care_for_keys()
                async with self.synced:
                    self.synced.notify_all()
            except Exception as error:
                print(f"people.py: {error!r}", file=sys.stderr)
                await asyncio.sleep(0.5)

    async def care_for_keys(self):
        client = self.client
        if not client.olm:
            return
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
        await client.send_to_device_messages()

    async def until(self, condition):
        """Until something is so, by what syncs bring."""
        async with self.synced:
            await self.synced.wait_for(condition)

    async def create(self, encrypted=False, direct=False, version=None, name=None, invite=(), predecessor=None):
        state = [encryption()] if encrypted else []
        preset = nio.RoomPreset.trusted_private_chat if direct else nio.RoomPreset.private_chat
        made = good(await self.client.room_create(
            preset=preset, is_direct=direct, room_version=version, name=name, invite=invite, initial_state=state,
            predecessor=predecessor,
        )).room_id
        await self.until(lambda: made in self.client.rooms and (not encrypted or self.client.rooms[made].encrypted))
        return made

    async def invite(self, room, user):
        good(await self.client.room_invite(room, user))

    async def leave(self, room):
        good(await self.client.room_leave(room))

    async def encrypt(self, room):
        good(await self.client.room_put_state(room, "m.room.encryption", encryption()["content"]))
        await self.until(lambda: self.client.rooms[room].encrypted)

    async def put_state(self, room, type, content, state_key=""):
        return good(await self.client.room_put_state(room, type, content, state_key)).event_id

    async def upgrade(self, room, version):
        """By the homeserver itself, as clients with a button for it do; gives the new room."""
        return (await self.raw("POST", f"v3/rooms/{quote(room)}/upgrade", {"new_version": version}))["replacement_room"]

    async def send(self, room, content, type="m.room.message"):
        sent = await self.client.room_send(room, type, content, ignore_unverified_devices=True)
        return good(sent).event_id

    async def send_file(self, room, name, text, caption=None):
        """A file as clients send it; a caption stands where its name would."""
        data = text.encode()
        is_encrypted = self.client.rooms[room].encrypted
        sent, keys = await self.client.upload(io.BytesIO(data), "application/toml", name, is_encrypted, filesize=len(data))
        uri = good(sent).content_uri
        where = {"file": {**keys, "url": uri}} if keys else {"url": uri}
        about = {"msgtype": "m.file", "body": caption or name, "filename": name, "info": {"size": len(data)}, "m.mentions": {}}
        return await self.send(room, {**about, **where})

    async def redact(self, room, event):
        return good(await self.client.room_redact(room, event)).event_id

    async def members(self, room):
        return [member.user_id for member in good(await self.client.joined_members(room)).members]

    async def seen_by_server(self, room, event):
        """The event as it lies on the server."""
        return await self.raw("GET", f"v3/rooms/{quote(room)}/event/{quote(event)}")

    async def raw(self, method, path, body=None):
        url = f"{self.client.homeserver}/_matrix/client/{path}"
        headers = {"Authorization": f"Bearer {self.client.access_token}"}
        async with self.client.client_session.request(method, url, json=body, headers=headers) as answer:
            said = await answer.json()
            if answer.status != 200:
                raise Failed(said)
            return said


def encryption():
    content = {"algorithm": "m.megolm.v1.aes-sha2"}
    return {"type": "m.room.encryption", "state_key": "", "content": content}


def good(response):
    if isinstance(response, nio.ErrorResponse):
        raise Failed(response)
    return response


def quote(part):
    return urllib.parse.quote(part, safe="")


def tell(what):
    print(json.dumps(what), flush=True)


async def obey(person, order):
    number = order.pop("id")
    try:
        tell({"id": number, "ok": await getattr(person, order.pop("do"))(**order)})
    except Exception as error:
        tell({"id": number, "error": repr(error) if not isinstance(error, Failed) else str(error)})


async def main():
    homeserver, user, password = sys.argv[1:4]
    folder = sys.argv[4] if len(sys.argv) > 4 else ""
    config = nio.AsyncClientConfig(encryption_enabled=bool(folder), store_sync_tokens=False, request_timeout=120)
    client = nio.AsyncClient(homeserver, user, store_path=folder, config=config)
    good(await client.login(password, device_name="people.py"))
    person = Person(client)
    client.add_event_callback(person.arrived, (nio.Event,))
    client.add_event_callback(person.invited, (nio.InviteMemberEvent,))
    good(await client.sync(timeout=0, full_state=True, sync_filter=FILTER))
    await person.care_for_keys()
    living = asyncio.create_task(person.live())
    tell({"id": 0, "ok": {"user": client.user_id, "device": client.device_id}})
    orders = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    obeying = set()
    while line := await orders.readline():
        task = asyncio.create_task(obey(person, json.loads(line)))
        obeying.add(task)
        task.add_done_callback(obeying.discard)
    living.cancel()
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
