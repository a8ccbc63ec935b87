// The runtime methods that are one host call each: elizaOS's name and arguments on the left, the
// host's on the right. Nothing is answered here that the host did not say.

import { isRecord } from "./plain.mjs";

/** @typedef {(name: string, fields: Record<string, unknown>) => Promise<any>} HostCall */

/**
 * @param {HostCall} host
 * @param {string} agentId
 */
export function bridgedMethods(host, agentId) {
  return {
    ...memories(host),
    ...cache(host),
    ...entities(host, agentId),
    ...rooms(host, agentId),
    ...components(host),
    ...relationships(host),
    ...tasks(host),
    /** @param {any} it */
    log: (it) =>
      host("log.record", { kind: it?.type ?? "log", body: it?.body ?? null, roomId: it?.roomId, entityId: it?.entityId }),
  };
}

/** @param {any} memory */
function memoryRecord(memory) {
  if (!isRecord(memory)) return memory;
  const { id, entityId, agentId, roomId, worldId, content, metadata, embedding, createdAt, unique } = memory;
  return {
    id, entityId, agentId, roomId, worldId, metadata, unique,
    content: typeof content === "string" ? { text: content } : content ?? undefined,
    embedding: isArrayLike(embedding) ? Array.from(embedding) : undefined,
    createdAt: milliseconds(createdAt),
  };
}

/** @param {any} it */
function memoryFilter(it) {
  const { tableName, roomId, roomIds, worldId, entityId, agentId, unique, start, end, count, limit, offset } = it ?? {};
  return {
    tableName: tableName ?? "messages", roomId, roomIds: roomIds ?? [], worldId, entityId, agentId,
    unique: typeof unique === "boolean" ? unique : undefined,
    start: milliseconds(start), end: milliseconds(end), count: whole(count ?? limit), offset: whole(offset),
  };
}

/** @param {HostCall} host */
function memories(host) {
  /** @param {any} params */
  const list = (params) => host("memory.list", { filter: memoryFilter(params) });
  /** @param {string} id */
  const remove = (id) => host("memory.delete", { id });
  return {
    /** @param {any} memory @param {string} tableName @param {boolean} [unique] */
    createMemory: (memory, tableName, unique) =>
      host("memory.create", { tableName: tableName ?? "messages", memory: memoryRecord(memory), unique: unique ?? false }),
    /** @param {any} memory */
    updateMemory: (memory) => host("memory.update", { memory: memoryRecord(memory) }),
    deleteMemory: remove,
    /** @param {string[]} ids */
    deleteManyMemories: async (ids) => {
      for (const id of ids) await remove(id);
    },
    getMemories: list,
    /** @param {any} params */
    getMemoriesByRoomIds: (params) => list(params),
    /** @param {any} params */
    getMemoriesByWorldId: (params) => list(params),
    /** @param {string} id */
    getMemoryById: async (id) => (await host("memory.get", { ids: [id] }))[0] ?? null,
    /** @param {string[]} ids @param {string} [tableName] */
    getMemoriesByIds: (ids, tableName) => host("memory.get", { ids, tableName }),
    /** @param {any} params */
    searchMemories: (params) =>
      host("memory.search", {
        filter: memoryFilter(params),
        embedding: isArrayLike(params?.embedding) ? Array.from(params.embedding) : params?.embedding,
        matchThreshold: params?.match_threshold,
      }),
    /** @param {string} roomId @param {boolean} [unique] @param {string} [tableName] */
    countMemories: (roomId, unique, tableName) =>
      host("memory.count", { filter: memoryFilter({ roomId, tableName, unique: unique ? true : undefined }) }),
  };
}

/** @param {HostCall} host */
function cache(host) {
  return {
    /** @param {string} key */
    getCache: async (key) => (await host("cache.get", { key })) ?? undefined,
    /** @param {string} key @param {unknown} value */
    setCache: async (key, value) => {
      await host("cache.set", { key, value: value === undefined ? null : value });
      return true;
    },
    /** @param {string} key */
    deleteCache: (key) => host("cache.delete", { key }),
  };
}

/** @param {HostCall} host @param {string} agentId */
function entities(host, agentId) {
  /** @param {any} entity */
  const create = (entity) => host("entity.create", { entity: { ...entity, agentId: entity?.agentId ?? agentId } });
  /** @param {string} id */
  const get = async (id) => filled(await host("entity.get", { id }), { names: [], metadata: {} });
  return {
    getEntityById: get,
    /** @param {string[]} ids */
    getEntitiesByIds: async (ids) => (await Promise.all(ids.map(get))).filter((entity) => entity !== null),
    createEntity: async (/** @type {any} */ entity) => {
      await create(entity);
      return true;
    },
    /** @param {any[]} list */
    createEntities: async (list) => {
      for (const entity of list) await create(entity);
      return true;
    },
    /** @param {any} entity */
    updateEntity: (entity) => host("entity.update", { entity }),
    /** @param {string} roomId @param {boolean} [includeComponents] */
    getEntitiesForRoom: async (roomId, includeComponents) => {
      const found = await host("entity.list_for_room", { roomId, includeComponents: includeComponents ?? false });
      return found.map((/** @type {any} */ it) => filled(it, { names: [], metadata: {}, components: [] }));
    },
  };
}

/** @param {HostCall} host @param {string} agentId */
function rooms(host, agentId) {
  /** @param {any} room */
  const ensureRoom = (room) => host("room.ensure", { room: { ...room, agentId: room?.agentId ?? agentId } });
  /** @param {any} world */
  const ensureWorld = (world) => host("world.ensure", { world: { ...world, agentId: world?.agentId ?? agentId } });
  /** @param {string} id */
  const getRoom = (id) => host("room.get", { id });
  /** @param {string} worldId */
  const listRooms = (worldId) => host("room.list", { worldId });
  /** @param {string[]} entityIds */
  const roomsFor = (entityIds) => host("participant.rooms", { entityIds });
  /** @param {string} roomId */
  const participants = (roomId) => host("participant.list", { roomId });
  /** @param {string} entityId @param {string} roomId */
  const join = async (entityId, roomId) => {
    await host("participant.add", { entityId, roomId });
    return true;
  };
  /** @param {any} room */
  const ensureRoomExists = async (room) => {
    if (!room?.worldId) throw new Error("worldId is required");
    await ensureRoom(room);
  };
  return {
    getRoom,
    /** @param {string[]} ids */
    getRoomsByIds: async (ids) => (await Promise.all(ids.map(getRoom))).filter((room) => room !== null),
    createRoom: ensureRoom,
    /** @param {any[]} list */
    createRooms: (list) => Promise.all(list.map(ensureRoom)),
    ensureRoomExists,
    /** @param {any} room */
    updateRoom: (room) => host("room.update", { room }),
    /** @param {string} id */
    deleteRoom: (id) => host("room.delete", { id }),
    getRooms: listRooms,
    getRoomsByWorld: listRooms,
    /** @param {string} entityId */
    getRoomsForParticipant: (entityId) => roomsFor([entityId]),
    getRoomsForParticipants: roomsFor,
    getParticipantsForRoom: participants,
    /** @param {string} roomId @param {string} entityId */
    isRoomParticipant: async (roomId, entityId) => (await participants(roomId)).includes(entityId),
    addParticipant: join,
    /** @param {string[]} entityIds @param {string} roomId */
    addParticipantsRoom: async (entityIds, roomId) => {
      for (const entityId of entityIds) await join(entityId, roomId);
      return true;
    },
    ensureParticipantInRoom: join,
    /** @param {string} entityId @param {string} roomId */
    removeParticipant: (entityId, roomId) => host("participant.remove", { entityId, roomId }),
    /** @param {string} roomId @param {string} entityId */
    getParticipantUserState: (roomId, entityId) => host("participant.state", { roomId, entityId }),
    /** @param {string} roomId @param {string} entityId @param {string | null} state */
    setParticipantUserState: (roomId, entityId, state) =>
      host("participant.set_state", { roomId, entityId, state: state ?? null }),
    /** @param {string} id */
    getWorld: (id) => host("world.get", { id }),
    getAllWorlds: () => host("world.list", {}),
    createWorld: ensureWorld,
    /** @param {any} world */
    ensureWorldExists: async (world) => {
      await ensureWorld(world);
    },
    /** @param {any} world */
    updateWorld: (world) => host("world.update", { world }),
    /** @param {any} it */
    ensureConnection: async (it) => {
      if (!it?.worldId) throw new Error("worldId is required");
      await connect(host, agentId, it);
      await ensureWorld({ id: it.worldId, name: it.worldName ?? `World for room ${it.roomId}`, metadata: it.metadata, messageServerId: it.messageServerId });
      await ensureRoomExists({
        id: it.roomId, name: it.name ?? "default", source: it.source ?? "default", type: it.type ?? "DM",
        channelId: it.channelId, messageServerId: it.messageServerId, worldId: it.worldId,
      });
      await join(it.entityId, it.roomId);
      await join(agentId, it.roomId);
    },
    /** @param {any[]} people @param {any[]} places @param {string} source @param {any} world */
    ensureConnections: async (people, places, source, world) => {
      const first = places?.[0];
      if (!people || !first) throw new Error("ensureConnections needs entities and rooms");
      await ensureWorld(world);
      for (const room of places) {
        await ensureRoom({ ...room, worldId: world.id, messageServerId: world.messageServerId, source, type: room.type ?? "GROUP" });
      }
      for (const entity of people) {
        await host("entity.create", { entity: { ...entity, agentId } });
        await join(entity.id, first.id);
      }
      await join(agentId, first.id);
    },
  };
}

/** Makes the entity of a connection, or adds what is new about it. @param {HostCall} host @param {string} agentId @param {any} it */
async function connect(host, agentId, it) {
  const names = [it.name, it.userName].filter(Boolean);
  const source = it.source ?? "default";
  const known = await host("entity.get", { id: it.entityId });
  const about = { id: it.userId, name: it.name, userName: it.userName };
  if (known === null) {
    await host("entity.create", { entity: { id: it.entityId, names, metadata: { [source]: about }, agentId } });
    return;
  }
  const metadata = { ...known.metadata, [source]: { ...known.metadata?.[source], ...about } };
  await host("entity.update", { entity: { ...known, names: [...new Set([...(known.names ?? []), ...names])], metadata, agentId } });
}

/** @param {HostCall} host */
function components(host) {
  return {
    /** @param {string} entityId @param {string} kind @param {string} [worldId] @param {string} [sourceEntityId] */
    getComponent: (entityId, kind, worldId, sourceEntityId) => host("component.get", { entityId, kind, worldId, sourceEntityId }),
    /** @param {string} entityId @param {string} [worldId] @param {string} [sourceEntityId] */
    getComponents: (entityId, worldId, sourceEntityId) => host("component.list", { entityId, worldId, sourceEntityId }),
    /** @param {any} component */
    createComponent: async (component) => {
      await host("component.create", { component });
      return true;
    },
    /** @param {any} component */
    updateComponent: (component) => host("component.update", { component }),
    /** @param {string} id */
    deleteComponent: (id) => host("component.delete", { id }),
  };
}

/** @param {HostCall} host */
function relationships(host) {
  return {
    /** @param {any} relationship */
    createRelationship: async (relationship) => {
      await host("relationship.create", { relationship });
      return true;
    },
    /** @param {any} relationship */
    updateRelationship: (relationship) => host("relationship.update", { relationship }),
    /** @param {any} it */
    getRelationship: async (it) =>
      labelled(await host("relationship.get", { sourceEntityId: it?.sourceEntityId, targetEntityId: it?.targetEntityId })),
    /** @param {any} it */
    getRelationships: async (it) => {
      const found = await host("relationship.list", { entityId: it?.entityId, tags: it?.tags ?? [] });
      return found.map(labelled);
    },
  };
}

/** @param {HostCall} host */
function tasks(host) {
  /** @param {Record<string, unknown>} which */
  const list = async (which) => (await host("task.list", which)).map(labelled);
  return {
    /** @param {any} task */
    createTask: (task) => host("task.create", { task }),
    /** @param {string} id */
    getTask: async (id) => labelled(await host("task.get", { id })),
    /** @param {any} it */
    getTasks: async (it) => {
      const found = await list({ roomId: it?.roomId, tags: it?.tags ?? [] });
      return it?.entityId ? found.filter((/** @type {any} */ task) => task.entityId === it.entityId) : found;
    },
    /** @param {string} name */
    getTasksByName: (name) => list({ name }),
    /** @param {string} id @param {any} task */
    updateTask: (id, task) => host("task.update", { task: { ...task, id } }),
    /** @param {string} id */
    deleteTask: (id) => host("task.delete", { id }),
  };
}

/** @param {any} record */
const labelled = (record) => filled(record, { tags: [], metadata: {} });

/**
 * A record with the collections that elizaOS's own database never leaves out; plugins read into
 * them unasked.
 * @param {any} record
 * @param {Record<string, unknown>} empty
 */
function filled(record, empty) {
  if (!isRecord(record)) return record;
  const missing = Object.entries(empty).filter(([key]) => record[key] === undefined || record[key] === null);
  return { ...record, ...Object.fromEntries(missing) };
}

/** @param {unknown} it @returns {it is ArrayLike<number>} */
function isArrayLike(it) {
  return Array.isArray(it) || ArrayBuffer.isView(it);
}

/** Whole milliseconds of a number or a date. @param {unknown} it */
function milliseconds(it) {
  const value = it instanceof Date ? it.getTime() : it;
  return typeof value === "number" && Number.isFinite(value) ? Math.trunc(value) : undefined;
}

/** @param {unknown} it */
function whole(it) {
  return typeof it === "number" && Number.isFinite(it) && it >= 0 ? Math.min(Math.trunc(it), 2 ** 32 - 1) : undefined;
}
