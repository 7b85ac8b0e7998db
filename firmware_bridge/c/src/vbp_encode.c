#include "vbp_encode.h"

#include "vbp_crc.h"

static uint8_t *put(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (; bytes != 0; bytes--) {
        *at++ = (uint8_t)value;
        value >>= 8;
    }
    return at;
}

static uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put(put(at, (uint32_t)value, 4), (uint32_t)(value >> 32), 4);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, unsigned size)
{
    const uint8_t *from = bytes;
    for (; size != 0; size--) {
        *at++ = *from++;
    }
    return at;
}

/* NULL where the whole body has no room: the one check of every frame. */
static uint8_t *begin(uint8_t *body, size_t capacity, size_t size, unsigned type, const struct vbp_header *header)
{
    if (size > capacity || size > VBP_MAX_BODY) {
        return NULL;
    }
    uint8_t *at = put(body, VBP_VERSION | type << 8, 2);
    at = put(at, header->seq | (uint32_t)header->session << 16, 4);
    return put(at, header->stream_id | (uint32_t)header->flags << 8, 2);
}

static size_t seal(uint8_t *body, const uint8_t *end)
{
    const size_t size = (size_t)(end - body);
    put(body + size, vbp_crc32(body, size), 4);
    return size + VBP_CRC_BYTES;
}

static uint8_t *put_description(uint8_t *at, const struct vbp_description *stream)
{
    at = put(at, stream->rate_measured_mhz, 4);
    at = put(at, stream->rate_nominal_mhz, 4);
    at = put(at, stream->scale_nano_g, 4);
    at = put(at, stream->full_scale_mg, 4);
    at = put(at, stream->bandwidth_hz, 4);
    at = put(at, stream->time_error_ppm | (uint32_t)stream->block_samples << 16, 4);
    at = put(at, stream->stream_id | (uint32_t)stream->n_axes << 8, 2);
    at = put(at, stream->bits | (uint32_t)stream->quantity << 8, 2);
    at = put_bytes(at, stream->axes, sizeof stream->axes);
    return put_bytes(at, stream->sensor, sizeof stream->sensor);
}

size_t vbp_encode_hello(const struct vbp_hello *hello, uint8_t *body, size_t capacity)
{
    uint8_t *at = begin(body, capacity, VBP_HELLO_SIZE(hello->n_streams), VBP_HELLO, &hello->header);
    if (at == NULL) {
        return 0;
    }
    at = put_bytes(at, hello->uid, sizeof hello->uid);
    at = put64(at, hello->t_us);
    at = put_bytes(at, hello->firmware, sizeof hello->firmware);
    at = put_bytes(at, hello->board, sizeof hello->board);
    at = put(at, hello->n_streams | VBP_DESCRIPTION_BYTES << 8 | (uint32_t)hello->max_frame << 16, 4);
    at = put(at, hello->hello_ms | (uint32_t)hello->status_ms << 16, 4);
    for (size_t i = 0; i < hello->n_streams; i++) {
        at = put_description(at, &hello->streams[i]);
    }
    return seal(body, at);
}

size_t vbp_encode_data(const struct vbp_data *data, uint8_t *body, size_t capacity)
{
    const size_t size = VBP_DATA_SIZE(data->n_samples, data->n_axes, data->format);
    uint8_t *at = begin(body, capacity, size, VBP_DATA, &data->header);
    if (at == NULL) {
        return 0;
    }
    at = put64(at, data->sample_index);
    at = put64(at, data->t_us);
    at = put(at, data->n_samples | (uint32_t)data->format << 16 | (uint32_t)data->n_axes << 24, 4);
    put(at, data->desc_crc | (uint32_t)data->n_clipped << 16, 4);
    return seal(body, body + size - VBP_CRC_BYTES);
}

size_t vbp_encode_status(const struct vbp_status *status, uint8_t *body, size_t capacity)
{
    uint8_t *at = begin(body, capacity, VBP_STATUS_SIZE, VBP_STATUS, &status->header);
    if (at == NULL) {
        return 0;
    }
    at = put64(at, status->produced);
    at = put64(at, status->t_us);
    at = put64(at, status->dropped_fifo);
    at = put64(at, status->dropped_queue);
    at = put(at, status->queued, 4);
    at = put(at, status->frames_sent, 4);
    at = put(at, status->queue_high_bytes, 4);
    at = put(at, status->bus_errors, 4);
    at = put(at, (uint16_t)status->temperature_cc | (uint32_t)status->supply_mv << 16, 4);
    return seal(body, put(at, status->reset_cause, 4));
}

size_t vbp_encode_log(const struct vbp_log *log, uint8_t *body, size_t capacity)
{
    uint8_t *at = begin(body, capacity, VBP_LOG_SIZE(log->text_bytes), VBP_LOG, &log->header);
    if (at == NULL) {
        return 0;
    }
    at = put64(at, log->t_us);
    at = put(at, log->level, 1);
    return seal(body, put_bytes(at, log->text, log->text_bytes));
}

uint16_t vbp_encoded_desc_crc(const uint8_t *hello_body, size_t stream)
{
    const uint8_t *packed = hello_body + VBP_HELLO_BYTES + stream * VBP_DESCRIPTION_BYTES;
    return vbp_crc16(packed + 4, VBP_DESCRIPTION_BYTES - 4); /* the measured rate may be refined under one crc */
}
