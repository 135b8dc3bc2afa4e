// @ts-check
// One emit's arguments as bytes, which unpack.cc reads: a call into native code for each field
// would cost more than the event does. This is also where a hostile value ends: whatever throws
// becomes `unsupported`, which the core rejects as wrong_type.
//
//   call   = text(event) flags [f64 timestamp] [text uuid] [text distinct id]
//            [text project's directory] [text project's id] [text wrong option] u32 count field*
//   field  = text(name) value
//   value  = tag [f64 | i64 | text | u32 count value* | u32 count field*]
//   text   = u8 size, so many bytes of UTF-8; or LONG_TEXT, u32 size, so many bytes; or HUGE_TEXT;
//            or NAME, u16 offset and u8 size of bytes that an earlier call left among the names
//
// Numbers are little-endian. unpack.h holds the same constants.
'use strict'

const { types } = require('node:util')

const TAG = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  bigint: 4,
  text: 5,
  array: 6,
  object: 7,
  unsupported: 8,
}
const FLAG = {
  timestamp: 1,
  uuid: 2,
  distinctId: 4,
  wrongType: 8,
  returnUuid: 16,
  projectDir: 32,
  projectId: 64,
}
const NAME = 0xfd
const LONG_TEXT = 0xfe
const HUGE_TEXT = 0xff

const ROOM_BYTES = 64 * 1024
const NAMES_BYTES = 16 * 1024
// So many times the text of the largest event is handed over, for the core to say what is wrong.
const TEXT_OF_EVENTS_MAX = 16
// Longer text is quicker to encode in one native call than a character at a time.
const SHORT_TEXT = 64
// Longer than any name, and than what an outcome tells of one.
const LONG_NAME = 256
const LONE_SURROGATE = '\ud800'
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

// Not the property of one map, which somebody may have replaced.
const mapSize = /** @type {() => number} */ (
  Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get
)

/**
 * @typedef {{ eventBytesMax: number, fieldsMax: number, containerMax: number, elementsMax: number,
 *   depthMax: number }} Limits
 * @typedef {{ timestamp?: number | undefined, uuid?: string | undefined,
 *   distinctId?: string | undefined, projectDir?: string | undefined,
 *   projectId?: string | undefined, wrongType?: string | undefined,
 *   returnUuid?: boolean | undefined }} Told
 */

/**
 * Of Object.prototype or of none, in any realm: what `{}`, JSON.parse and Object.create(null) make.
 * @param {object} object
 */
function isPlain(object) {
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/**
 * Names of events and fields, which are few and come again and again: written once, and told by
 * their place from then on. What finds no room any more is written every time.
 */
class Names {
  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(NAMES_BYTES)
    this.used = 0
    /** @type {Map<string, number>} Each as NAME, offset and size in one little-endian word. */
    this.known = new Map()
  }

  /** @param {string} name */
  add(name) {
    const size = name.length
    if (size > SHORT_TEXT || this.used + size > NAMES_BYTES || this.known.has(name)) return
    if (!/^[\x00-\x7f]*$/.test(name)) return
    this.bytes.write(name, this.used, 'latin1')
    this.known.set(name, (NAME | (this.used << 8) | (size << 24)) >>> 0)
    this.used += size
  }
}

class Packer {
  #room

  /** @param {Limits} limits @param {Names} names */
  constructor(limits, names) {
    this.limits = limits
    this.names = names
    this.textMax = TEXT_OF_EVENTS_MAX * limits.eventBytesMax
    // Of its own, and not out of Node's pool, so that native code may rely on its place.
    this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.bytes = this.#room
    /** @type {string[]} Names in this call that are not among the known ones. */
    this.fresh = []
    this.view = new DataView(this.bytes.buffer)
    this.at = 0
    this.elements = 0
    this.text = 0
  }

  /** @param {Buffer<ArrayBuffer>} bytes */
  #use(bytes) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  /** After a call for which the bytes grew. */
  shrink() {
    this.#use(this.#room)
  }

  /** After a call that was accepted: its names are the catalog's, and will come again. */
  learn() {
    for (const name of this.fresh) this.names.add(name)
  }

  /**
   * Packs a whole call; `at` is its size.
   * @param {unknown} event @param {unknown} fields @param {Told | null} options
   */
  call(event, fields, options) {
    this.at = 0
    this.elements = 0
    this.text = 0
    if (this.fresh.length !== 0) this.fresh.length = 0
    this.putName(typeof event === 'string' ? event : '')
    if (options === null) {
      this.reserve(1)
      this.bytes[this.at++] = 0
    } else {
      this.putOptions(options)
    }
    if (fields === undefined || fields === null) {
      this.putCount(0)
      return
    }
    const start = this.at
    try {
      if (typeof fields === 'object' && this.putMembers(fields, this.limits.fieldsMax, 0)) return
    } catch {
      // A proxy, or memory ran out.
    }
    this.at = start
    this.putNoFields()
  }

  /** A field that no catalog has, for fields that are none. */
  putNoFields() {
    this.putCount(1)
    this.putText('')
    this.putByte(TAG.unsupported)
  }

  /** @param {Told} options */
  putOptions({ timestamp, uuid, distinctId, projectDir, projectId, wrongType, returnUuid }) {
    this.putByte(
      (timestamp === undefined ? 0 : FLAG.timestamp) |
        (uuid === undefined ? 0 : FLAG.uuid) |
        (distinctId === undefined ? 0 : FLAG.distinctId) |
        (projectDir === undefined ? 0 : FLAG.projectDir) |
        (projectId === undefined ? 0 : FLAG.projectId) |
        (wrongType === undefined ? 0 : FLAG.wrongType) |
        (returnUuid === true ? FLAG.returnUuid : 0),
    )
    if (timestamp !== undefined) this.putNumber(timestamp)
    if (uuid !== undefined) this.putText(uuid)
    if (distinctId !== undefined) this.putText(distinctId)
    if (projectDir !== undefined) this.putText(projectDir)
    if (projectId !== undefined) this.putText(projectId)
    if (wrongType !== undefined) this.putText(wrongType)
  }

  /**
   * Names and values of a plain object or a Map, `max` at most: false, and something half written,
   * when it is neither. A name that is no text becomes "", which no catalog has.
   * @param {object} object @param {number} max @param {number} depth
   */
  putMembers(object, max, depth) {
    if (types.isMap(object)) {
      const start = this.at
      const most = this.startCount(mapSize.call(object), max)
      let count = 0
      for (const [name, value] of Map.prototype.entries.call(object)) {
        if (count === most) break
        if (typeof name !== 'string' && depth > 0) return false
        if (depth === 0) this.putName(typeof name === 'string' ? name : '')
        else this.putText(/** @type {string} */ (name))
        this.putValue(value, depth)
        ++count
      }
      // Fewer than it had, when a getter among its values took some out.
      this.view.setUint32(start, count, true)
      return true
    }
    if (!isPlain(object)) return false
    const names = Object.keys(object)
    const count = this.startCount(names.length, max)
    for (let i = 0; i < count; ++i) {
      const name = /** @type {string} */ (names[i])
      if (depth === 0) this.putName(name)
      else this.putText(name)
      let value
      try {
        value = /** @type {any} */ (object)[name]
      } catch {
        this.putByte(TAG.unsupported)
        continue
      }
      this.putValue(value, depth)
    }
    return true
  }

  /**
   * Where every event passes, nothing is left to smaller methods: each is one more that runs
   * uncompiled at first, and that the compiler stops the program for later.
   * @param {unknown} value @param {number} depth
   */
  putValue(value, depth) {
    switch (typeof value) {
      case 'string':
        this.reserve(1)
        this.bytes[this.at++] = TAG.text
        this.putText(value)
        return
      case 'number':
        this.reserve(9)
        this.bytes[this.at] = TAG.number
        this.view.setFloat64(this.at + 1, value, true)
        this.at += 9
        return
      case 'boolean':
        this.putByte(value ? TAG.true : TAG.false)
        return
      case 'undefined':
        this.putByte(TAG.null)
        return
      case 'bigint':
        this.putBigint(value)
        return
      case 'object':
        if (value === null) {
          this.putByte(TAG.null)
        } else {
          this.putContainer(value, depth + 1)
        }
        return
      default:
        this.putByte(TAG.unsupported)
    }
  }

  /** @param {object} value @param {number} depth */
  putContainer(value, depth) {
    const start = this.at
    try {
      if (depth <= this.limits.depthMax) {
        if (Array.isArray(value)) {
          this.putByte(TAG.array)
          const count = this.startCount(value.length, this.limits.containerMax)
          for (let i = 0; i < count; ++i) this.putValue(value[i], depth)
          return
        }
        this.putByte(TAG.object)
        if (this.putMembers(value, this.limits.containerMax, depth)) return
      }
    } catch {
      // A getter or a proxy threw, or memory or the stack ran out.
    }
    this.at = start
    this.putByte(TAG.unsupported)
  }

  /**
   * Writes how many elements follow: all there are, or so many that the core finds too many.
   * @param {number} size @param {number} max
   */
  startCount(size, max) {
    // A proxy of an array may tell any length.
    const count = Math.max(0, Math.min(size, max)) | 0
    this.elements += count
    // Not cut short: a call with less than it was given might be accepted.
    if (this.elements > this.limits.elementsMax) throw new RangeError('too many elements')
    this.reserve(4)
    this.view.setUint32(this.at, count, true)
    this.at += 4
    return count
  }

  /** @param {bigint} value */
  putBigint(value) {
    if (value > INT64_MAX || value < INT64_MIN) {
      this.putByte(TAG.number)
      this.putNumber(Number(value))
      return
    }
    this.reserve(9)
    this.bytes[this.at] = TAG.bigint
    this.view.setBigInt64(this.at + 1, value, true)
    this.at += 9
  }

  /** @param {number} value */
  putByte(value) {
    this.reserve(1)
    this.bytes[this.at++] = value
  }

  /** @param {number} count */
  putCount(count) {
    this.reserve(4)
    this.view.setUint32(this.at, count, true)
    this.at += 4
  }

  /** @param {number} value */
  putNumber(value) {
    this.reserve(8)
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  /** @param {string} name */
  putName(name) {
    const known = this.names.known.get(name)
    if (known === undefined) {
      this.fresh.push(name)
      // No name is so long, and this much of one is told of a rejected one.
      this.putText(name.length > LONG_NAME ? name.slice(0, LONG_NAME) : name)
      return
    }
    this.reserve(4)
    this.view.setUint32(this.at, known, true)
    this.at += 4
  }

  /** @param {string} text */
  putText(text) {
    const length = text.length
    this.text += length
    if (length <= SHORT_TEXT && this.text <= this.textMax) {
      this.reserve(1 + SHORT_TEXT)
      const bytes = this.bytes
      const start = this.at + 1
      let i = 0
      for (; i < length; ++i) {
        const unit = text.charCodeAt(i)
        if (unit > 0x7f) break
        bytes[start + i] = unit
      }
      if (i === length) {
        bytes[this.at] = length
        this.at = start + length
        return
      }
    }
    this.putLongText(text)
  }

  /** @param {string} text */
  putLongText(text) {
    // No event holds so much; the core calls it too_long without having read it.
    if (text.length > this.limits.eventBytesMax || this.text > this.textMax) {
      this.putByte(HUGE_TEXT)
      return
    }
    this.reserve(5 + 3 * (text.length + 1))
    const start = this.at + 5
    const size = text.isWellFormed()
      ? this.bytes.write(text, start, 'utf8')
      : this.writeBroken(text, start)
    this.bytes[this.at] = LONG_TEXT
    this.view.setUint32(this.at + 1, size, true)
    this.at = start + size
  }

  /**
   * Writes lone surrogates as if they were characters: no UTF-8, so the core rejects the text, and
   * can say which name it was. Slow, so only for the beginning of a text.
   * @param {string} text @param {number} start
   */
  writeBroken(text, start) {
    const cut = text.length > LONG_NAME
    let at = start
    for (const character of cut ? text.slice(0, LONG_NAME) + LONE_SURROGATE : text) {
      if (character.isWellFormed()) {
        at += this.bytes.write(character, at, 'utf8')
        continue
      }
      const unit = character.charCodeAt(0)
      this.bytes[at++] = 0xe0 | (unit >> 12)
      this.bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
      this.bytes[at++] = 0x80 | (unit & 0x3f)
    }
    return at - start
  }

  /** @param {number} size */
  reserve(size) {
    if (this.at + size > this.bytes.length) this.grow(size)
  }

  /** @param {number} size */
  grow(size) {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.at + size))
    this.bytes.copy(larger, 0, 0, this.at)
    this.#use(larger)
  }
}

module.exports = { Names, Packer }
