// A person who talks by matrix-js-sdk: a client with cross-signing, that verifies others by comparing emoji.
//
//     node people.mjs HOMESERVER USER PASSWORD
//
// Orders and what it tells are those of people.py. Keys lie in memory, and go with it. It ends when its input does.
import { createInterface } from "node:readline";
// Its keys want a database; this one forgets.
import "fake-indexeddb/auto";
import { createClient } from "matrix-js-sdk";
import { CryptoEvent, VerificationPhase, VerificationRequestEvent, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";

const [homeserver, user, password] = process.argv.slice(2);
// Standard output is for what is told.
for (const level of ["trace", "debug", "log", "info", "warn"]) console[level] = () => {};
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => quiet };

const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

// An event, in words that are the same for all people.
function arrived(event) {
  const content = event.getWireContent() && !event.isEncrypted() ? event.getWireContent() : event.getContent();
  // In encrypted events the relation lies outside.
  const relation = event.getWireContent()["m.relates_to"] ?? content["m.relates_to"] ?? {};
  const kind = relation.rel_type;
  tell({
    event: {
      room: event.getRoomId(),
      id: event.getId(),
      sender: event.getSender(),
      type: event.getType(),
      state_key: event.getStateKey() ?? null,
      body: content.body ?? null,
      html: content.formatted_body ?? null,
      msgtype: content.msgtype ?? null,
      thread: kind === "m.thread" ? relation.event_id : null,
      reply: relation["m.in_reply_to"]?.event_id ?? null,
      falling_back: relation.is_falling_back ?? null,
      target: ["m.annotation", "m.replace"].includes(kind) ? relation.event_id : (event.event.redacts ?? null),
      key: relation.key ?? null,
      mentions: content["m.mentions"] ? (content["m.mentions"].user_ids ?? []) : null,
      content,
      encrypted: event.isEncrypted(),
      undecryptable: event.isDecryptionFailure(),
      at: event.getTs(),
    },
  });
}

async function login() {
  const door = createClient({ baseUrl: homeserver, logger: quiet });
  const identifier = { type: "m.id.user", user };
  const { access_token: accessToken, user_id: userId, device_id: deviceId } = await door.loginRequest({
    type: "m.login.password", identifier, password, initial_device_display_name: "people.mjs",
  });
  const client = createClient({ baseUrl: homeserver, accessToken, userId, deviceId, logger: quiet, verificationMethods: ["m.sas.v1"] });
  await client.initRustCrypto({ useIndexedDB: false });
  client.on("Room.timeline", (event, _room, isOld) => {
    if (isOld) return;
    if (event.isEncrypted() && (event.isBeingDecrypted() || event.getType() === "m.room.encrypted")) {
      event.on("Event.decrypted", () => arrived(event));
    } else {
      arrived(event);
    }
  });
  const join = (room) => room.getMyMembership() === "invite" && client.joinRoom(room.roomId).catch((why) => console.error(String(why)));
  client.on("Room", join);
  client.on("Room.myMembership", join);
  await client.startClient({ initialSyncLimit: 20, threadSupport: false });
  await until(client, "sync", () => ["PREPARED", "SYNCING"].includes(client.getSyncState()));
  await client.getCrypto().bootstrapCrossSigning({
    authUploadDeviceSigningKeys: (make) => make({ type: "m.login.password", identifier, password }),
  });
  tell({ id: 0, ok: { user: userId, device: deviceId } });
  return client;
}

// Until something is so, by the events that something emits.
function until(emitter, name, isSo) {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSo()) return;
      emitter.off(name, look);
      resolve();
    };
    emitter.on(name, look);
    look();
  });
}

const encryption = { algorithm: "m.megolm.v1.aes-sha2" };

// Compares emoji with the other side, who is taken to see the same; gives them, or why it came to nothing.
async function compare(request) {
  const isOver = () => [VerificationPhase.Cancelled, VerificationPhase.Done].includes(request.phase);
  await until(request, VerificationRequestEvent.Change, () => isOver() || request.phase >= VerificationPhase.Ready);
  if (isOver()) return { done: false, why: request.cancellationCode };
  const verifier = request.verifier ?? (await request.startVerification("m.sas.v1"));
  let emoji = [];
  verifier.on(VerifierEvent.ShowSas, (sas) => {
    emoji = sas.sas.emoji.map(([sign]) => sign);
    sas.confirm();
  });
  try {
    await verifier.verify();
    return { done: true, emoji };
  } catch (why) {
    return { done: false, why: request.cancellationCode ?? String(why) };
  }
}

function orders(client) {
  const crypto = client.getCrypto();
  return {
    async create({ encrypted = false, direct = false, version, name, invite = [] }) {
      const initial_state = encrypted ? [{ type: "m.room.encryption", state_key: "", content: encryption }] : [];
      const preset = direct ? "trusted_private_chat" : "private_chat";
      const { room_id } = await client.createRoom({ preset, is_direct: direct, room_version: version, name, invite, initial_state });
      await until(client, "Room", () => client.getRoom(room_id));
      return room_id;
    },
    async send({ room, content, type = "m.room.message" }) {
      return (await client.sendEvent(room, type, content)).event_id;
    },
    async invite({ room, user }) {
      await client.invite(room, user);
    },
    // Asks somebody for verification, in a room with them or between devices.
    // When that is done, its own signature has still to go to the homeserver and come back.
    async verify({ room, user }) {
      const asked = room ? crypto.requestVerificationDM(user, room) : crypto.requestDeviceVerification(user, await device(user));
      const result = await compare(await asked);
      while (result.done && !(await crypto.getUserVerificationStatus(user)).isCrossSigningVerified()) {
        await Promise.race(["sync", CryptoEvent.UserTrustStatusChanged].map((name) => new Promise((go) => client.once(name, go))));
      }
      return result;
    },
    // From now on, takes everybody's request for verification.
    async take_verifications() {
      client.on(CryptoEvent.VerificationRequestReceived, async (request) => {
        await request.accept();
        await until(request, VerificationRequestEvent.Change, () => request.verifier || request.phase >= VerificationPhase.Cancelled);
        if (request.verifier) await compare(request);
      });
    },
    // What it shows beside somebody's name, and beside each of their devices: whether their owner has signed it.
    async trust({ user }) {
      const devices = (await crypto.getUserDeviceInfo([user], true)).get(user) ?? new Map();
      const signed = {};
      for (const id of devices.keys()) signed[id] = (await crypto.getDeviceVerificationStatus(user, id)).signedByOwner;
      const status = await crypto.getUserVerificationStatus(user);
      return { verified: status.isCrossSigningVerified(), changed: status.needsUserApproval, devices: signed };
    },
    async seen_by_server({ room, event }) {
      return client.fetchRoomEvent(room, event);
    },
  };

  async function device(user) {
    return [...(await crypto.getUserDeviceInfo([user], true)).get(user).keys()][0];
  }
}

const client = await login();
const can = orders(client);
const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { id, do: what, ...how } = JSON.parse(line);
  try {
    tell({ id, ok: (await can[what](how)) ?? null });
  } catch (why) {
    tell({ id, error: String(why) });
  }
});
lines.on("close", () => process.exit(0));
