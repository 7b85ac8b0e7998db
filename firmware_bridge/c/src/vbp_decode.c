#include "vbp_decode.h"

#include <string.h>

#include "vbp_crc.h"
#include "vbp_limits.h"

#define CRC_RESIDUE 0x2144DF1Cu /* CRC-32 over any bytes followed by their own CRC */

struct cursor {
    const uint8_t *at;
};

static uint32_t take(struct cursor *cursor, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)*cursor->at++ << (8 * i);
    }
    return value;
}

static uint8_t take8(struct cursor *cursor)
{
    return *cursor->at++;
}

static uint16_t take16(struct cursor *cursor)
{
    return (uint16_t)take(cursor, 2);
}

static uint32_t take32(struct cursor *cursor)
{
    return take(cursor, 4);
}

static uint64_t take64(struct cursor *cursor)
{
    const uint64_t low = take32(cursor);
    return low | (uint64_t)take32(cursor) << 32;
}

static void take_bytes(struct cursor *cursor, void *to, size_t size)
{
    memcpy(to, cursor->at, size);
    cursor->at += size;
}

static void take_description(struct cursor *cursor, struct vbp_description *stream)
{
    stream->rate_measured_mhz = take32(cursor);
    stream->rate_nominal_mhz = take32(cursor);
    stream->scale_nano_g = take32(cursor);
    stream->full_scale_mg = take32(cursor);
    stream->bandwidth_hz = take32(cursor);
    stream->time_error_ppm = take16(cursor);
    stream->block_samples = take16(cursor);
    stream->stream_id = take8(cursor);
    stream->n_axes = take8(cursor);
    stream->bits = take8(cursor);
    stream->quantity = take8(cursor);
    take_bytes(cursor, stream->axes, sizeof stream->axes);
    take_bytes(cursor, stream->sensor, sizeof stream->sensor);
}

/* Keeps what follows the fields; `end` is where the CRC begins. */
static void keep_rest(struct vbp_frame *frame, const uint8_t *from, const uint8_t *end)
{
    frame->rest = from;
    frame->rest_bytes = (size_t)(end - from);
}

static enum vbp_fault decode_hello(struct cursor cursor, const uint8_t *end, struct vbp_frame *frame)
{
    struct vbp_hello *hello = &frame->as.hello;
    if (end - cursor.at < (ptrdiff_t)(VBP_HELLO_BYTES - VBP_HEADER_BYTES)) {
        return VBP_FAULT_LENGTH;
    }
    if (frame->header.flags != 0) {
        return VBP_FAULT_FIELD;
    }
    hello->header = frame->header;
    take_bytes(&cursor, hello->uid, sizeof hello->uid);
    hello->t_us = take64(&cursor);
    take_bytes(&cursor, hello->firmware, sizeof hello->firmware);
    take_bytes(&cursor, hello->board, sizeof hello->board);
    hello->n_streams = take8(&cursor);
    const size_t desc_size = take8(&cursor);
    hello->max_frame = take16(&cursor);
    hello->hello_ms = take16(&cursor);
    hello->status_ms = take16(&cursor);
    hello->streams = frame->streams;
    if (desc_size < VBP_DESCRIPTION_BYTES || (size_t)(end - cursor.at) < hello->n_streams * desc_size) {
        return VBP_FAULT_LENGTH;
    }
    if (hello->n_streams > VBP_MAX_STREAMS) {
        return VBP_FAULT_FIELD;
    }
    for (size_t i = 0; i < hello->n_streams; i++) {
        struct cursor fields = cursor;
        take_description(&fields, &frame->streams[i]);
        frame->desc_crcs[i] = vbp_crc16(cursor.at + 4, desc_size - 4);
        cursor.at += desc_size;
    }
    keep_rest(frame, cursor.at, end);
    return vbp_hello_valid(hello) ? VBP_SOUND : VBP_FAULT_FIELD;
}

static enum vbp_fault decode_data(struct cursor cursor, const uint8_t *end, struct vbp_frame *frame)
{
    struct vbp_data *data = &frame->as.data;
    if (end - cursor.at < (ptrdiff_t)(VBP_DATA_BYTES - VBP_HEADER_BYTES)) {
        return VBP_FAULT_LENGTH;
    }
    data->header = frame->header;
    data->sample_index = take64(&cursor);
    data->t_us = take64(&cursor);
    data->n_samples = take16(&cursor);
    data->format = take8(&cursor);
    data->n_axes = take8(&cursor);
    data->desc_crc = take16(&cursor);
    data->n_clipped = take16(&cursor);
    if (data->format < VBP_I16 || data->format > VBP_I32) {
        return VBP_FAULT_FIELD;
    }
    keep_rest(frame, cursor.at, end);
    if (frame->rest_bytes != (size_t)data->n_samples * data->n_axes * (data->format + 1u)) {
        return VBP_FAULT_LENGTH;
    }
    return vbp_data_valid(data) ? VBP_SOUND : VBP_FAULT_FIELD;
}

static enum vbp_fault decode_status(struct cursor cursor, const uint8_t *end, struct vbp_frame *frame)
{
    struct vbp_status *status = &frame->as.status;
    if (end - cursor.at < (ptrdiff_t)(VBP_STATUS_BYTES - VBP_HEADER_BYTES)) {
        return VBP_FAULT_LENGTH;
    }
    status->header = frame->header;
    status->produced = take64(&cursor);
    status->t_us = take64(&cursor);
    status->dropped_fifo = take64(&cursor);
    status->dropped_queue = take64(&cursor);
    status->queued = take32(&cursor);
    status->frames_sent = take32(&cursor);
    status->queue_high_bytes = take32(&cursor);
    status->bus_errors = take32(&cursor);
    const uint16_t temperature = take16(&cursor);
    memcpy(&status->temperature_cc, &temperature, sizeof temperature);
    status->supply_mv = take16(&cursor);
    status->reset_cause = take8(&cursor);
    keep_rest(frame, cursor.at + 3, end);
    return vbp_status_valid(status) ? VBP_SOUND : VBP_FAULT_FIELD;
}

static enum vbp_fault decode_log(struct cursor cursor, const uint8_t *end, struct vbp_frame *frame)
{
    struct vbp_log *log = &frame->as.log;
    const ptrdiff_t text_bytes = end - cursor.at - (ptrdiff_t)(VBP_LOG_BYTES - VBP_HEADER_BYTES);
    if (text_bytes < 0 || text_bytes > (ptrdiff_t)VBP_MAX_LOG_BYTES) {
        return VBP_FAULT_LENGTH;
    }
    log->header = frame->header;
    log->t_us = take64(&cursor);
    log->level = take8(&cursor);
    log->text = (const char *)cursor.at;
    log->text_bytes = (uint8_t)text_bytes;
    keep_rest(frame, end, end);
    return vbp_log_valid(log) ? VBP_SOUND : VBP_FAULT_FIELD;
}

static enum vbp_fault decode_sealed(const uint8_t *body, size_t size, struct vbp_frame *frame)
{
    struct cursor cursor = {body};
    const uint8_t *end = body + size - VBP_CRC_BYTES;
    if (take8(&cursor) != VBP_VERSION) {
        return VBP_FAULT_VERSION;
    }
    frame->type = take8(&cursor);
    frame->header.seq = take16(&cursor);
    frame->header.session = take16(&cursor);
    frame->header.stream_id = take8(&cursor);
    frame->header.flags = take8(&cursor);
    switch (frame->type) {
    case VBP_HELLO:
        return decode_hello(cursor, end, frame);
    case VBP_DATA:
        return decode_data(cursor, end, frame);
    case VBP_STATUS:
        return decode_status(cursor, end, frame);
    case VBP_LOG:
        return decode_log(cursor, end, frame);
    default:
        keep_rest(frame, cursor.at, end);
        return (frame->type & VBP_INCOMPATIBLE) != 0 ? VBP_FAULT_TYPE : VBP_SOUND;
    }
}

enum vbp_fault vbp_decode_body(const uint8_t *body, size_t size, struct vbp_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    if (size > VBP_MAX_BODY) {
        return VBP_FAULT_OVERSIZE;
    }
    if (size < VBP_HEADER_BYTES + VBP_CRC_BYTES) {
        return VBP_FAULT_SHORT;
    }
    return vbp_crc32(body, size) == CRC_RESIDUE ? decode_sealed(body, size, frame) : VBP_FAULT_CRC;
}

const char *vbp_fault_name(enum vbp_fault fault)
{
    static const char *const names[] = {
        "sound", "text", "oversize", "cobs", "short", "crc", "version", "type", "length", "field",
    };
    return names[fault];
}
