// @ts-check
'use strict'
// One emit's arguments as bytes, which unpack.cc reads: a call into native code for each field
// would cost more than the event does. This is also where a hostile value ends: whatever throws
// becomes `unsupported`, which the core rejects as wrong_type.
//
//   call   = text(event) flags [f64 timestamp] [text uuid] [text distinct id] u32 count field*
//   field  = text(name) value
//   value  = tag [f64 | i64 | text | u32 count value* | u32 count field*]
//   text   = u32 bytes, that many bytes of UTF-8; or one of two lengths that say why there are none
//
// Numbers are little-endian. unpack.h holds the same constants.

const { types } = require('node:util')

const TAG = { null: 0, false: 1, true: 2, number: 3, bigint: 4, text: 5, array: 6, object: 7, unsupported: 8 }
const FLAG = { timestamp: 1, uuid: 2, distinctId: 4 }
const NOT_UTF8 = 0xffffffff
const TOO_LONG = 0xfffffffe

const ROOM_BYTES = 64 * 1024
// Text of so many events' size is handed over, so that the core can say what is wrong with it.
const EVENTS_MAX = 16
// Longer text is quicker to encode in one native call than a character at a time.
const SHORT_TEXT = 64
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

// Not the property of one map, which somebody may have replaced.
const mapSize = /** @type {() => number} */ (Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get)

/** @typedef {{ eventBytesMax: number, fieldsMax: number, elementsMax: number, depthMax: number }} Limits */

/**
 * Of Object.prototype or of none, in any realm: what `{}`, JSON.parse and Object.create(null) make.
 * @param {object} object
 */
function isPlain(object) {
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

class Packer {
  /** @param {Limits} limits */
  constructor(limits) {
    this.limits = limits
    // Of its own, and not out of Node's pool, so that native code may rely on its place.
    this.bytes = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.view = new DataView(this.bytes.buffer)
    this.at = 0
    this.elements = 0
    this.text = 0
  }

  /** @param {Buffer<ArrayBuffer>} bytes */
  use(bytes) {
    if (this.bytes === bytes) return
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  /**
   * Packs a whole call; `at` is its size.
   * @param {unknown} event
   * @param {unknown} fields
   * @param {{ timestamp: number | undefined, uuid: string | undefined, distinctId: string | undefined } | null} options
   */
  call(event, fields, options) {
    this.at = 0
    this.elements = 0
    this.text = 0
    this.putText(typeof event === 'string' ? event : '')
    if (options === null) {
      this.putByte(0)
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

  /** @param {{ timestamp: number | undefined, uuid: string | undefined, distinctId: string | undefined }} options */
  putOptions({ timestamp, uuid, distinctId }) {
    this.putByte(
      (timestamp === undefined ? 0 : FLAG.timestamp) |
        (uuid === undefined ? 0 : FLAG.uuid) |
        (distinctId === undefined ? 0 : FLAG.distinctId)
    )
    if (timestamp !== undefined) this.putNumber(timestamp)
    if (uuid !== undefined) this.putText(uuid)
    if (distinctId !== undefined) this.putText(distinctId)
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
        this.putText(typeof name === 'string' ? name : '')
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
      this.putText(name)
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

  /** @param {unknown} value @param {number} depth */
  putValue(value, depth) {
    switch (typeof value) {
      case 'string':
        this.putByte(TAG.text)
        this.putText(value)
        return
      case 'number':
        this.putByte(TAG.number)
        this.putNumber(value)
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
          const count = this.startCount(value.length, this.limits.elementsMax)
          for (let i = 0; i < count; ++i) this.putValue(value[i], depth)
          return
        }
        this.putByte(TAG.object)
        if (this.putMembers(value, this.limits.elementsMax, depth)) return
      }
    } catch {
      // A getter or a proxy threw, or memory or the stack ran out.
    }
    this.at = start
    this.putByte(TAG.unsupported)
  }

  /**
   * Writes how many elements follow: no more than one event can have, for a container that is cut
   * off here makes an event that is too large in any case.
   * @param {number} size @param {number} max
   */
  startCount(size, max) {
    // A proxy of an array may tell any length.
    const count = Math.max(0, Math.min(size, max, this.limits.elementsMax - this.elements)) | 0
    this.elements += count
    this.putCount(count)
    return count
  }

  /** @param {bigint} value */
  putBigint(value) {
    if (value > INT64_MAX || value < INT64_MIN) {
      // The nearest double is out of range wherever the exact value is.
      this.putByte(TAG.number)
      this.putNumber(Math.max(-Number.MAX_VALUE, Math.min(Number(value), Number.MAX_VALUE)))
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

  /** @param {string} text */
  putText(text) {
    const length = text.length
    this.text += length
    // No event holds so much; the core calls it too_long without having read it.
    if (length > this.limits.eventBytesMax || this.text > EVENTS_MAX * this.limits.eventBytesMax) {
      this.putCount(TOO_LONG)
      return
    }
    this.reserve(4 + 3 * length)
    if (length > SHORT_TEXT || !this.putAscii(text, length)) this.putUtf8(text)
  }

  /** @param {string} text @param {number} length */
  putAscii(text, length) {
    const bytes = this.bytes
    const start = this.at + 4
    for (let i = 0; i < length; ++i) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return false
      bytes[start + i] = unit
    }
    this.view.setUint32(this.at, length, true)
    this.at = start + length
    return true
  }

  /** @param {string} text */
  putUtf8(text) {
    if (!text.isWellFormed()) {
      this.putCount(NOT_UTF8)
      return
    }
    const size = this.bytes.write(text, this.at + 4, 'utf8')
    this.view.setUint32(this.at, size, true)
    this.at += 4 + size
  }

  /** @param {number} size */
  reserve(size) {
    if (this.at + size > this.bytes.length) this.grow(size)
  }

  /** @param {number} size */
  grow(size) {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.at + size))
    this.bytes.copy(larger, 0, 0, this.at)
    this.use(larger)
  }
}

module.exports = { Packer, TAG, FLAG, NOT_UTF8, TOO_LONG }
