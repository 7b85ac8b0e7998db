/*
 * Values to bodies: header, payload, CRC-32, in a buffer of the caller's.
 *
 * Every function returns the size of the body, or 0 where `capacity` is too small or the body would be longer than any
 * receiver takes. Field limits are not checked here but once at the start (vbp_limits.h): a block leaves many
 * times a second, and what it could violate is fixed by its description.
 */
#ifndef VBP_ENCODE_H
#define VBP_ENCODE_H

#include "vbp_wire.h"

#define VBP_HELLO_SIZE(n_streams) (VBP_HELLO_BYTES + (n_streams) * VBP_DESCRIPTION_BYTES + VBP_CRC_BYTES)
#define VBP_DATA_SIZE(n_samples, n_axes, format) \
    (VBP_DATA_BYTES + (size_t)(n_samples) * (n_axes) * ((format) + 1u) + VBP_CRC_BYTES)
#define VBP_STATUS_SIZE (VBP_STATUS_BYTES + VBP_CRC_BYTES)
#define VBP_LOG_SIZE(text_bytes) (VBP_LOG_BYTES + (text_bytes) + VBP_CRC_BYTES)

size_t vbp_encode_hello(const struct vbp_hello *hello, uint8_t *body, size_t capacity);

/* The samples lie in place already, from body + VBP_DATA_BYTES on: header and CRC are written around them. */
size_t vbp_encode_data(const struct vbp_data *data, uint8_t *body, size_t capacity);

size_t vbp_encode_status(const struct vbp_status *status, uint8_t *body, size_t capacity);
size_t vbp_encode_log(const struct vbp_log *log, uint8_t *body, size_t capacity);

/* desc_crc of stream number `stream` of an encoded HELLO: what every DATA frame of that stream carries. */
uint16_t vbp_encoded_desc_crc(const uint8_t *hello_body, size_t stream);

#endif
