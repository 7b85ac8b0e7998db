/*
 * What a sender keeps of each stream: the accounts of the blocks it has sent, and the rate between them.
 */
#ifndef VBP_STREAM_H
#define VBP_STREAM_H

#include "vbp_queue.h"

/* One stream: its queue and what the library keeps about it. Set the first three, zero the rest. */
struct vbp_stream {
    struct vbp_queue *queue;
    enum vbp_format format;
    uint32_t clip_level; /* a sample with an axis at or beyond this many LSB is clipped; 0: not counted */

    struct vbp_accounts accounts; /* as of the last block sent */
    uint64_t status_due_us;
    uint64_t anchor_index; /* where measuring the rate began */
    uint64_t anchor_us;
    uint64_t newest_index;
    uint64_t newest_us;
    uint16_t desc_crc;
};

/* A new session: nothing sent, nothing measured. */
void vbp_stream_begin(struct vbp_stream *stream, uint64_t now_us);

/* Takes over the accounts of a block that is being sent. */
void vbp_stream_note(struct vbp_stream *stream, const struct vbp_block *block);

/* Writes the rate since the last call into the description, where enough time has passed to tell it. */
void vbp_stream_refine_rate(struct vbp_stream *stream, struct vbp_description *description);

/* Samples with an axis at or beyond the clip level. */
uint16_t vbp_stream_count_clipped(const struct vbp_stream *stream, const uint8_t *samples, uint16_t n_samples,
                                  unsigned n_axes);

#endif
