#include <stdbool.h>
#include <string.h>

#include "vbp_cobs.h"
#include "vbp_decode.h"

void vbp_decoder_init(struct vbp_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    decoder->buffer = buffer;
    decoder->capacity = capacity < VBP_MAX_WIRE ? capacity : VBP_MAX_WIRE;
    decoder->held = 0;
    decoder->skipped = 0;
}

static bool is_text(const uint8_t *bytes, size_t size)
{
    for (const uint8_t *end = bytes + size; bytes != end; bytes++) {
        const bool printable = *bytes >= 0x20 && *bytes <= 0x7E;
        if (!printable && *bytes != '\t' && *bytes != '\r' && *bytes != '\n' && *bytes != 0x1B) {
            return false;
        }
    }
    return true;
}

static enum vbp_fault understand(uint8_t *chunk, size_t size, struct vbp_frame *frame)
{
    const bool text = is_text(chunk, size); /* asked first: unstuffing works in place */
    const size_t plain = vbp_unstuff(chunk, size);
    if (plain == VBP_NOT_STUFFED) {
        return text ? VBP_FAULT_TEXT : VBP_FAULT_COBS;
    }
    const enum vbp_fault fault = vbp_decode_body(chunk, plain, frame);
    return text && (fault == VBP_FAULT_SHORT || fault == VBP_FAULT_CRC) ? VBP_FAULT_TEXT : fault;
}

static void keep(struct vbp_decoder *decoder, const uint8_t *bytes, size_t size)
{
    if (size > decoder->capacity - decoder->held) {
        decoder->skipped += decoder->held + size;
        decoder->held = 0;
    } else {
        memcpy(decoder->buffer + decoder->held, bytes, size);
        decoder->held += size;
    }
}

/* What the bytes before a delimiter amount to; nothing between two delimiters is nothing. */
static void end_chunk(struct vbp_decoder *decoder, struct vbp_event *event)
{
    event->size = decoder->held + decoder->skipped;
    if (decoder->skipped != 0) {
        event->fault = VBP_FAULT_OVERSIZE;
    } else if (decoder->held != 0) {
        event->fault = understand(decoder->buffer, decoder->held, &event->frame);
    }
    if (event->size != 0) {
        event->kind = event->fault == VBP_SOUND ? VBP_FRAME : VBP_REFUSED;
    }
    decoder->held = 0;
    decoder->skipped = 0;
}

size_t vbp_decoder_feed(struct vbp_decoder *decoder, const uint8_t *bytes, size_t size, struct vbp_event *event)
{
    size_t taken = 0;
    memset(event, 0, sizeof *event);
    while (taken < size && event->kind == VBP_NOTHING) {
        const uint8_t *zero = memchr(bytes + taken, 0, size - taken);
        const size_t run = zero != NULL ? (size_t)(zero - bytes) - taken : size - taken;
        if (run != 0) {
            keep(decoder, bytes + taken, run);
        }
        taken += run;
        if (zero != NULL) {
            taken++;
            end_chunk(decoder, event);
        }
    }
    return taken;
}
