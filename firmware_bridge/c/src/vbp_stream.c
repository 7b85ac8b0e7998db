#include "vbp_stream.h"

#include <stdbool.h>
#include <string.h>

#define RATE_SPAN_US 1000000u /* a shorter one would say more about interrupts than about the oscillator */

void vbp_stream_begin(struct vbp_stream *stream, uint64_t now_us)
{
    memset(&stream->accounts, 0, sizeof stream->accounts);
    stream->accounts.t_us = now_us;
    stream->anchor_us = VBP_NO_TIME;
    stream->newest_us = 0;
}

void vbp_stream_note(struct vbp_stream *stream, const struct vbp_block *block)
{
    stream->accounts = block->accounts;
    if (block->t_us == VBP_NO_TIME) {
        return;
    }
    if (stream->anchor_us == VBP_NO_TIME) {
        stream->anchor_index = block->sample_index;
        stream->anchor_us = block->t_us;
    }
    stream->newest_index = block->sample_index;
    stream->newest_us = block->t_us;
}

/* The rate between two blocks that are far enough apart; measuring starts afresh with every HELLO, since an oscillator
 * drifts with temperature. */
void vbp_stream_refine_rate(struct vbp_stream *stream, struct vbp_description *description)
{
    const uint64_t span_us = stream->newest_us - stream->anchor_us;
    const uint64_t samples = stream->newest_index - stream->anchor_index;
    if (stream->newest_us <= stream->anchor_us || span_us < RATE_SPAN_US || samples > UINT32_MAX) {
        return;
    }
    const uint64_t rate_mhz = samples * 1000000000u / span_us;
    description->rate_measured_mhz = rate_mhz <= UINT32_MAX ? (uint32_t)rate_mhz : 0;
    stream->anchor_index = stream->newest_index;
    stream->anchor_us = stream->newest_us;
}

/* A number of the payload, moved to the top of 32 bits: its sign is then where a core expects it. */
static int32_t aligned_number(const uint8_t *at, unsigned width)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < width; i++) {
        bits = bits >> 8 | (uint32_t)at[i] << 24;
    }
    int32_t number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

uint16_t vbp_stream_count_clipped(const struct vbp_stream *stream, const uint8_t *samples, uint16_t n_samples,
                                  unsigned n_axes)
{
    const unsigned width = (unsigned)stream->format + 1u;
    const int64_t level = (int64_t)stream->clip_level << (32 - 8 * width);
    uint16_t clipped = 0;
    if (level == 0) {
        return 0;
    }
    for (; n_samples != 0; n_samples--) {
        bool beyond = false;
        for (unsigned axis = 0; axis < n_axes; axis++, samples += width) {
            const int64_t number = aligned_number(samples, width);
            beyond = beyond || number >= level || number <= -level;
        }
        clipped = (uint16_t)(clipped + beyond);
    }
    return clipped;
}
