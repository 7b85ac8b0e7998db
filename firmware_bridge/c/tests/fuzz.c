/*
 * libFuzzer: any bytes, cut in two, through the decoder; and once more under a CRC that holds, since it finds none.
 */
#include <stdlib.h>
#include <string.h>

#include "vbp_crc.h"
#include "vbp_decode.h"
#include "vbp_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct vbp_frame *frame)
{
    unsigned sum = 0;
    for (size_t i = 0; i < frame->rest_bytes; i++) {
        sum += frame->rest[i]; /* the sanitizer watches the bounds */
    }
    if (sum > 255u * VBP_MAX_BODY || (frame->type == VBP_HELLO && !vbp_hello_valid(&frame->as.hello))) {
        abort();
    }
}

static void feed(struct vbp_decoder *decoder, const uint8_t *bytes, size_t size)
{
    static struct vbp_event event;
    for (size_t at = 0; at < size;) {
        at += vbp_decoder_feed(decoder, bytes + at, size - at, &event);
        if (event.kind == VBP_FRAME) {
            check(&event.frame);
        }
    }
}

static void decode_sealed(const uint8_t *bytes, size_t size)
{
    static struct vbp_frame frame;
    uint8_t *body = malloc(size + VBP_CRC_BYTES); /* exactly so long: the sanitizer then sees each step beyond */
    const uint32_t crc = vbp_crc32(bytes, size);
    if (body == NULL) {
        return;
    }
    memcpy(body, bytes, size);
    for (unsigned i = 0; i < VBP_CRC_BYTES; i++) {
        body[size + i] = (uint8_t)(crc >> (8 * i));
    }
    if (vbp_decode_body(body, size + VBP_CRC_BYTES, &frame) == VBP_SOUND) {
        check(&frame);
    }
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t held[VBP_MAX_WIRE];
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, held, sizeof held);
    feed(&decoder, bytes, size / 2);
    feed(&decoder, bytes + size / 2, size - size / 2);
    decode_sealed(bytes, size);
    return 0;
}
